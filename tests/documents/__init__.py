"""What documents say of the program, taken from the program. `python -m tests.documents` writes it (make docs)."""
