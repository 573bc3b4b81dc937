"""The word set: parallel words of several languages, from open dictionaries that agree."""
