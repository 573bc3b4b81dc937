"""The commands of `pivotmine-model`, a file for each group; `model/cli.py` registers them."""
