"""Documents paired, beside other ways to pair them, on pages whose translations are known."""
