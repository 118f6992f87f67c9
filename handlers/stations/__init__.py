"""/status, /stations, /bind and /unbind."""
