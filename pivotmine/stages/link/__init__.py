"""Keep the pairs of tokens whose association is real."""
