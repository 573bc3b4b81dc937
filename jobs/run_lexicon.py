"""spark-submit entry point: stage lexicon."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("lexicon")
