"""spark-submit entry point: stage ingest."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("ingest")
