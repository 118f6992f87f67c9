"""`mikopbx-bot setup`: questions in the terminal, from nothing to a `.env` that works."""
