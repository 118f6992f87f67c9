"""Stand-ins for a MikoPBX and for Telegram: for the demo and for the tests, over real HTTP."""
