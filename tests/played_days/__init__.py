"""Days of calls with known truth, played to the whole program over the PBX's REST API. See docs/played-days.md."""
