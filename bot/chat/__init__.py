"""How things look and get sent: templates, languages, delivery."""
