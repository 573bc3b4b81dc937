"""The commands of `pivotmine`, by what they are for; `pivotmine/cli.py` puts them together."""
