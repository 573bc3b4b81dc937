"""Questions about a lake: from words to links, bridges, documents and arms. Reads only."""
