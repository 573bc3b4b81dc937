"""The word task: how much likelier the right source word makes a translation than wrong ones."""
