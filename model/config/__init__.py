"""Settings of the torch side: typed, frozen and documented; unknown keys are refused.

They follow the rules of `pivotmine/recipe/`, in a recipe of their own, because how a model is
measured does not depend on how a corpus is mined. `--set scoring.n_draws=2` overrides a value.
"""
