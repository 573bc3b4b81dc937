"""The word task: how much surer of a translation a model is with the right word before it."""
