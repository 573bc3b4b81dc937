"""Continued pretraining on PivotMine's shards: reader, trainer, arms."""
