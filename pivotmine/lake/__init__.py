"""The lake: its catalog, tables, snapshots and SQL."""
