"""The planted experiment: documents of a planted web, and what they teach."""
