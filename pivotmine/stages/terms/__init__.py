"""Count the words and word pairs of lexicons by string match."""
