"""The torch side: real causal language models, measured word by word.

Reads word lists, models and the lake; never imports pyspark. Needs the extra: `pip install
'pivotmine[model]'`.
"""
