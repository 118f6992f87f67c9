"""The fault campaign: the real program killed again and again amid every fault, its books compared with the truth."""
