"""/oncall and /quiet."""
