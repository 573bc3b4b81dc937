"""The experiment on real text: what the engine selects from a mined lake, in a model's tokens."""
