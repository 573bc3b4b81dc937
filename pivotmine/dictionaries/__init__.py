"""Readers of dictionaries and lexicons, one for each format, and of the archives they come in.

The demo, the judge and the torch side use these readers; each decides for itself which entries and
which glosses it keeps.
"""
