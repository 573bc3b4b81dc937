"""What a model thinks on its way to an answer: lenses, behaviours, and a causal check."""
