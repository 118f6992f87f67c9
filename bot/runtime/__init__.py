"""Clock, tasks, logs, metrics and watchdogs. Knows nothing of the PBX or Telegram."""
