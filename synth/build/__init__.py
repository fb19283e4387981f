"""Build the default rig from its CC0 source data."""
