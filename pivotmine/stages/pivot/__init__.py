"""Find the tokens that bridge languages."""
