"""Resume or report requests that a restart interrupted."""
