"""/mute, /mutes, /unmute and /maintenance."""
