"""AMI over http of the stand-in PBX: its account, sessions, and calls for a person."""
