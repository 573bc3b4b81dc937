"""The views of the explorer, one a file: from the values of an address to figures and tables."""
