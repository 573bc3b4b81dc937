"""Score every document by what it can teach."""
