"""Readers of dictionaries and lexicons, one for each format.

The demo, the judge and the torch side use these readers; each decides for itself which entries and
which glosses it keeps.
"""
