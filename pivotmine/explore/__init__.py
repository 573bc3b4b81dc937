"""A local web page over a lake: words, bridges, lines, documents, arms, corpus. Reads only."""
