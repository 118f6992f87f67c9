"""Health monitor, health and metrics endpoints, and the heartbeat to an external monitor."""
