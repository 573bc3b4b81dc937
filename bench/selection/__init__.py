"""What scores and selections are worth, on planted seeds and on real pages."""
