"""Client API of the stand-in Telegram: what people do."""
