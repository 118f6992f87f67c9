"""/trunks and every change of a trunk."""
