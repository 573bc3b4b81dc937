"""Scores and selections judged on planted corpora of several seeds."""
