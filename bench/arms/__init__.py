"""Documents of a mined lake as training arms: of a planted web, and of real text."""
