"""Speed and size of the program beside a plain reference that does the same.

Run by `make bench` alone: no test of the suite is timed. See docs/benchmarks.md.
"""
