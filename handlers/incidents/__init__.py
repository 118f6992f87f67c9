"""/incidents, /ack, /why, /history, /test_alert and /watch."""
