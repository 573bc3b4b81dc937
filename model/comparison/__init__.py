"""A trained grid, judged: which of its declared contrasts are significant."""
