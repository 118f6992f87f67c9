"""What else is looked out for besides the trunks: one file for each thing that can be wrong."""
