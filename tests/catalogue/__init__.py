"""Catalogues of translations and the texts in them. `python -m tests.catalogue` updates them (make messages)."""
