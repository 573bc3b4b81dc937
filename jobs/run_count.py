"""spark-submit entry point: stage count."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("count")
