"""The commands of `pivotmine`, a file a group. A command parses, calls and shows."""
