"""One way to every file: addresses, filesystems with their credentials, and patience with stores."""
