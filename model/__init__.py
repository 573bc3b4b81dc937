"""The torch side: causal language models, trained, measured and read layer by layer.

It reads word sets, models, shards and the lake, and never imports pyspark. It needs the extra
`pip install '.[model]'`.
"""
