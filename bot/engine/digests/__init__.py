"""Digests of calls: the figures are read, and the chats get them at their time."""
