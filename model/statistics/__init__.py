"""Tests of differences between arms. numpy and scipy only."""
