"""The commands of `pivotmine-model`, by what they are for; `model/cli.py` puts them together."""
