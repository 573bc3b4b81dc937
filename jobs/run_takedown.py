"""spark-submit entry point: takedown of a delivery."""

from pivotmine.cli.job import take_down

if __name__ == "__main__":
    take_down()
