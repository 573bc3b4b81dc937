"""spark-submit entry point: stage pivot."""

from pivotmine.job import main

if __name__ == "__main__":
    main("pivot")
