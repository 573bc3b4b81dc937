"""spark-submit entry point: stage contexts."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("contexts")
