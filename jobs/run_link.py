"""spark-submit entry point: stage link."""

from pivotmine.job import main

if __name__ == "__main__":
    main("link")
