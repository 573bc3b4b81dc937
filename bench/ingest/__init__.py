"""Ingest against datatrove and dolma: the same files, the same work, one machine, alternating."""
