"""spark-submit entry point: stage terms."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("terms")
