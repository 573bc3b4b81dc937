"""Score digits: the share of a document's tokens that are numbers."""

import numpy as np

from pivotmine import plugins
from pivotmine.recipe.section import PositiveInt, Section
from pivotmine.stages.score.documents import Documents


@plugins.score("digits", pieces=True)
class Digits(Section):
    """Tables, prices and lists have many numbers, running text has few."""

    min_digits: PositiveInt = 2
    """Digits that a token must have to be a number."""

    def score(self, documents: Documents) -> plugins.Scored:
        """Numbers per token; evidence: `numbers`."""
        ids, place = np.unique(documents.token_ids, return_inverse=True)
        n_digits = [sum(map(str.isdigit, documents.pieces[token])) for token in ids]
        is_number = (np.array(n_digits, np.int64) >= self.min_digits)[place]
        numbers = np.bincount(documents.document, is_number, documents.n)
        return plugins.Scored(numbers / documents.length, {"numbers": numbers})
