"""spark-submit entry points, one a stage and one for the whole road.

    spark-submit jobs/run_count.py --config s3://bucket/recipe.yaml --set count.min_count=10

They use the session that spark-submit starts. Names begin with `run_` because spark-submit puts
this folder on the module path, where `select.py` or `tokenize.py` would hide Python's own.
"""
