"""spark-submit entry point: the whole road, or `--until` a stage."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main()
