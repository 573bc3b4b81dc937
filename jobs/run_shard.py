"""spark-submit entry point: stage shard."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("shard")
