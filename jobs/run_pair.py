"""spark-submit entry point: stage pair."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("pair")
