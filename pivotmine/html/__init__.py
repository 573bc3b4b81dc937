"""Pages and figures that need nothing but a browser: no library, no font, no address."""
