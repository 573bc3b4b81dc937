"""Read source files: documents, rejects with reasons, and copies."""
