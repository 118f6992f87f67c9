"""/calls, /cdr, /missed and /stats."""
