"""Persistent state: tables, migrations, queries."""
