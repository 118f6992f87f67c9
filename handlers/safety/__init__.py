"""Rules that hold for every topic: two-person approval, rate limits, passwords in chats."""
