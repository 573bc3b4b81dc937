"""spark-submit entry point: stage terms."""

from pivotmine.job import main

if __name__ == "__main__":
    main("terms")
