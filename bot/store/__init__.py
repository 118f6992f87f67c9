"""What must survive a restart: tables, migrations, queries."""
