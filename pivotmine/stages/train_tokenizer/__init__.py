"""Train a tokenizer on a balanced sample, or take the given one."""
