"""Comparison of a trained grid's arms: which declared contrasts are significant."""
