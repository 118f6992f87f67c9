"""HTTP building blocks: a small server, and limits for responses of foreign servers."""
