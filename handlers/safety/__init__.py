"""Rules for all topics: two-person approval, rate limits, passwords in chats."""
