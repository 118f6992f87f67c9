"""Tell chats of calls."""
