"""Shards of PivotMine as streams of documents: opened, checked and packed into sequences."""
