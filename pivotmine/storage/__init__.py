"""One way to every file: filesystems with credentials and endpoints, and patience with them."""
