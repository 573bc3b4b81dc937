"""spark-submit entry point: stage select."""

from pivotmine.job import main

if __name__ == "__main__":
    main("select")
