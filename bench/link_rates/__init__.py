"""Nominal and true rates of links, on contexts whose translations are planted."""
