"""Differences between arms, and what may be said about them. numpy and scipy only."""
