"""spark-submit entry point: stage train_tokenizer."""

from pivotmine.cli.job import main

if __name__ == "__main__":
    main("train_tokenizer")
