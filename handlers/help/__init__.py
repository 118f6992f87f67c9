"""What the bot can do and how to begin: /help, /start, /id and /cancel."""
