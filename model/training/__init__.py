"""Training on PivotMine's shards: mixtures, one run, and the grid of arms and seeds."""
