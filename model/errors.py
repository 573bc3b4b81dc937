"""Errors of the torch side, in PivotMine's tree."""

from pivotmine.errors import PivotMineError


class ModelError(PivotMineError):
    """A model's numbers cannot be used: not finite, or different by two ways of computing them."""
