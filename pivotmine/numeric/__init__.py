"""Numeric kernels that several steps use, on flat Arrow-style buffers; never Spark.

A kernel takes arrays and returns arrays, so the same code runs in an executor, on the torch side
and in a test. Ragged data is always CSR: a flat value array and an offset array one longer than
the number of rows, which is what an Arrow list column is underneath, so nothing is copied on the
way in.
"""
