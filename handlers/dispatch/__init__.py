"""Access-controlled dispatch: parse an update, authorize it, execute it and reply."""
