"""From an observation to an incident: health, machines, ledger, watch."""
