"""Clock, tasks, logs, metrics and watchdogs, independent of the PBX and Telegram."""
