"""How fast and how big the program is, beside something plain that does the same. Run by `make bench` alone: no test
of the suite is timed. See docs/benchmarks.md."""
