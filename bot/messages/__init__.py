"""Messages to people: templates, translations, formatting and sanitizing."""
