"""PivotMine: mine the tokens that bridge languages, and rebuild pretraining corpora from them."""

__version__ = "0.1.0"
