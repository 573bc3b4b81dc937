"""What a model's layers hold on the way to an answer: lenses, behaviours, and a causal check."""
