"""Errors of the torch side, as subclasses of PivotMine's."""

from pivotmine.errors import PivotMineError


class ModelError(PivotMineError):
    """A model's numbers cannot be used: they are not finite, or two computations of them differ."""
