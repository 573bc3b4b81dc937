"""Open dictionaries: their archives, licences and readers."""
