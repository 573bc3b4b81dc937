"""spark-submit entry point: stage link."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("link")
