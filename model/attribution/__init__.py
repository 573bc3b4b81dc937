"""What the corpus holds against what the model does: scores and behaviours joined to counts."""
