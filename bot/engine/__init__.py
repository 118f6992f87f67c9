"""Poll stations, turn observations into incidents, and run what is due."""
