"""spark-submit entry point: stage tokenizer."""

from pivotmine.job import main

if __name__ == "__main__":
    main("tokenizer")
