"""/import_employees: a table in, a dry run, a confirmation, and many employees out."""
