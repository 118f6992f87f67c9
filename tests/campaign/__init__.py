"""Fault campaign: kill the program repeatedly under every fault and compare its database with the recorded events."""
