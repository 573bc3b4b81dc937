"""spark-submit entry point: stage score."""

from pivotmine.job import main

if __name__ == "__main__":
    main("score")
