"""spark-submit entry point: stage vocabulary."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("vocabulary")
