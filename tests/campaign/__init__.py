"""The fault campaign: the real program killed again and again amid every fault, and its books compared with the truth."""
