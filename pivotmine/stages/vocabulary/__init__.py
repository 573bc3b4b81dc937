"""Count every token, and find the languages in which it is a word."""
