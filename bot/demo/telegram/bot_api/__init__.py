"""Bot API of the stand-in Telegram."""
