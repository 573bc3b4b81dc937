"""`python -m pivotmine` is the command `pivotmine`."""

from pivotmine.cli.app import main

if __name__ == "__main__":
    main()
