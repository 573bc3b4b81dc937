"""Everything that was measured on one page: HTML without anything from outside."""
