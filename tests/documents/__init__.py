"""The tables of the README that the program itself knows. `python -m tests.documents` writes them (make docs)."""
