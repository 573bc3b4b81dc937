"""spark-submit entry point: stage select."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("select")
