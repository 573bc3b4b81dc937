"""Families of tests: the pairs of words that could be linked, in each language pair."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pivotmine.engine.stage import Inputs
from pivotmine.numeric.arrays import row_index
from pivotmine.numeric.arrow_batches import language_index
from pivotmine.numeric.nodes import NodeTable
from pivotmine.numeric.q_values import TESTS
from pivotmine.stages.contexts.stage import MAX_VOCAB_SIZE
from pivotmine.stages.count.count_rows import PairNames
from pivotmine.stages.count.margins import margin_table
from pivotmine.text.token_notation import SPACE


def spellings(vocabulary: pa.Table) -> NDArray[np.int32]:
    """[vocab_size] a number for each token; tokens are copies of each other if theirs are equal.

    A spelling is lower case, without the mark of a word start.

    Parameters
    ----------
    vocabulary
        Columns token_id, from 0 to vocab_size - 1 in any order, and token.
    """
    bare = pc.utf8_lower(pc.utf8_ltrim(vocabulary["token"].combine_chunks(), SPACE))
    spelling = np.empty(vocabulary.num_rows, np.int32)
    spelling[vocabulary["token_id"].to_numpy()] = bare.dictionary_encode().indices.to_numpy()
    return spelling


def table_margins(inputs: Inputs, languages: tuple[str, ...], nodes: NodeTable) -> PairNames:
    """Table `margins` by nodes, with their tokens and languages."""
    columns = ("token_id", "lang", "other_lang", "n", "n_contexts")
    rows = inputs.table("margins", columns, MAX_VOCAB_SIZE * len(languages))
    language, other = (language_index(rows[name], languages) for name in ("lang", "other_lang"))
    node = nodes.node_of[language, rows["token_id"].to_numpy()]
    n_contexts = np.zeros((len(languages), len(languages)), np.int64)
    n_contexts[language, other] = rows["n_contexts"].to_numpy()
    margins = margin_table(node, other, rows["n"].to_numpy(), len(nodes.token))
    return PairNames(languages, nodes.token, nodes.language[:-1], margins, n_contexts)


def family_sizes(names: PairNames, spelling: NDArray[np.int32], min_count: int) -> pa.Table:
    """Rows of `q_values.TESTS`: pairs of nodes that both occur in enough mixed contexts.

    Pairs that never meet are among them; without them the rate would look lower than it is.
    """
    node = row_index(names.margins.offsets)
    enough = names.margins.n >= min_count
    language, other = names.language[node], names.margins.other_language
    of_node = spelling[names.token[node]]
    rows = []
    for x, y in combinations(range(len(names.languages)), 2):
        sides = (of_node[enough & (language == p) & (other == q)] for p, q in ((x, y), (y, x)))
        (in_x, n_x), (in_y, n_y) = (np.unique(side, return_counts=True) for side in sides)
        _, at_x, at_y = np.intersect1d(in_x, in_y, assume_unique=True, return_indices=True)
        n_copies = int((n_x[at_x] * n_y[at_y]).sum())
        n_all = int(n_x.sum()) * int(n_y.sum())
        pair = {"lang_a": names.languages[x], "lang_b": names.languages[y]}
        rows.append({**pair, "is_copy": True, "n_tests": n_copies})
        rows.append({**pair, "is_copy": False, "n_tests": n_all - n_copies})
    return pa.Table.from_pylist(rows, schema=TESTS)
