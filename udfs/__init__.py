"""Functions from Arrow batches to Arrow batches, run by Spark's `mapInArrow` on executors.

They bind kernels and libraries to batches and hold no logic of their own. Each `bind` call on the
driver takes what every task needs (a model, a table, settings) and returns the function that Spark
ships to the workers.
"""
