"""Count every token, and find the languages it is a word of."""
