"""The steps of the road, one room each: the stage, its rules and its kernels."""
