"""Pair the documents that translate each other, and their segments."""
