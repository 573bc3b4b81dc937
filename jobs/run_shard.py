"""spark-submit entry point: stage shard."""

from pivotmine.job import main

if __name__ == "__main__":
    main("shard")
