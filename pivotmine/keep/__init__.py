"""Keeping a lake in order: status, audit, rejects, takedown and doctor."""
