"""spark-submit entry point: stage pivot."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("pivot")
