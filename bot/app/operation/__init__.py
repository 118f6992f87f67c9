"""The program as it is installed: version, service, backup."""
