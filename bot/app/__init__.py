"""Put the program together, start it, reload it and stop it."""
