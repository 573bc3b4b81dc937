"""Find the best translations of every token, also of rare ones."""
