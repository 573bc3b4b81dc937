"""Accuracy of segment and document languages on real text, beside other identifiers."""
