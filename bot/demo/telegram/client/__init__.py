"""Client API of the stand-in Telegram: actions of people."""
