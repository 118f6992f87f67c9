"""Check of the PBXs, each by itself."""
