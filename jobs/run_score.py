"""spark-submit entry point: stage score."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("score")
