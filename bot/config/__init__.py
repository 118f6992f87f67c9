"""Settings: environment, `.env` and the stations file."""
