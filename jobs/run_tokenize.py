"""spark-submit entry point: stage tokenize."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("tokenize")
