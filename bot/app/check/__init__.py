"""Check an installation: one finding for each setting, chat, right and file, and a remedy for each fault."""
