"""spark-submit entry points: one for each stage, for the whole road and for a takedown.

    spark-submit jobs/run_count.py --config s3://bucket/recipe.yaml --set count.min_count=10

They use the session that spark-submit starts, and are not installed. Their names begin with `run_`
because spark-submit puts this folder on the module path, where `select.py` or `tokenize.py` would
hide modules of Python.
"""
