"""Poll stations, turn observations into incidents, and run due steps."""
