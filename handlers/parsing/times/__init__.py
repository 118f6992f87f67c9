"""Times as people write them, in English and in Russian."""
