"""Words looked up: the lexicon beside association and word aligners, on the same tokens."""
