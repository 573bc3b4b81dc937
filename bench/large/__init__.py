"""A corpus of any size with known counts, mined on a local cluster."""
