"""/access, /grant, /revoke, /audit and access requests."""
