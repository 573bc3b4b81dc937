"""Everything that prints, draws or writes a page."""
