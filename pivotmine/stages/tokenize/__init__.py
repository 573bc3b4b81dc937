"""Turn texts into token ids and segments, each segment with a language."""
