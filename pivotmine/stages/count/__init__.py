"""Count exactly which tokens of two languages meet."""
