"""Open dictionaries: which there are, what they are called as files, how each is read."""
