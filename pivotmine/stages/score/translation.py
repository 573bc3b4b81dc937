"""Score translation: how densely links cover the best block of a document.

With the score come the block, the type of the document, the links that it realises, and the
template that it is made from (`translation_structure.py`, `repeated_segments.py`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine import plugins
from pivotmine.lake.tables import SCORES
from pivotmine.numeric.nodes import nodes_in_text
from pivotmine.stages.score.documents import Documents, ScoringLinks
from pivotmine.stages.score.repeated_segments import copies, document_templates, segment_hashes
from pivotmine.stages.score.segment_runs import segment_runs
from pivotmine.stages.score.translation_structure import (
    PRIOR_BITS,
    Structure,
    translation_structure,
)

TYPES = ("parallel", "glossed", "dictionary", "code_switched", "boilerplate", "monolingual")
"""Types of documents, by what is translated in them (`document_types`)."""

_PARALLEL, _GLOSSED, _DICTIONARY, _CODE_SWITCHED, _BOILERPLATE, _MONOLINGUAL = range(len(TYPES))
_MIN_BOTH_WAYS, _MIN_ONE_WAY = 0.3, 0.4
_MAX_ENTRY_TOKENS, _MIN_ENTRIES = 8.0, 6
_MIN_SECOND_SHARE = 0.1
_MIN_REPEATED_SHARE = 0.5
_BLOCK = SCORES.schema.field("block").type


@plugins.score("translation")
class Translation:
    """Density of the best block of text beside its translation."""

    def score(self, documents: Documents) -> plugins.Scored:
        """Best block, type, links and template of every document."""
        corpus = documents.corpus
        columns, nodes, links = documents.columns, corpus.nodes, corpus.links
        language = documents.segment_language
        runs = segment_runs(*columns[1:], language, len(corpus.languages))
        in_text = nodes_in_text(*columns, language, nodes, documents.offsets, 0.0)
        # A foreign word in a sentence: a word of one language only, which is not the sentence's.
        run_language = np.repeat(runs.language, runs.end - runs.start)
        foreign = (in_text == len(nodes.token)) & (run_language >= 0)
        in_text[foreign] = corpus.home_nodes[documents.token_ids[foreign]]
        hashes = segment_hashes(documents.token_ids, runs.segment_start, runs.segment_end)
        lengths = runs.segment_end - runs.segment_start
        copies_of_segment = copies(hashes, *corpus.boilerplate[:2])
        templates = document_templates(hashes, copies_of_segment, lengths, runs.segment_offsets)
        n_copies = np.repeat(copies_of_segment, lengths)
        worth = np.minimum(corpus.boilerplate.min_repeats / n_copies, 1.0)
        found = translation_structure(
            in_text, documents.offsets, runs, nodes.language, links.table, links.words, worth
        )
        repeated = np.diff(np.concatenate(([0], np.cumsum(n_copies > 1)))[documents.offsets])
        types = document_types(found, documents.language_tokens, repeated, documents.n_tokens)
        columns_of = {
            "block": _blocks(found, corpus.languages),
            "type": pa.array(TYPES, pa.string()).take(pa.array(types)),
            "links": _link_lists(found, links, documents.n),
            "template": pa.array(templates, mask=templates == 0),
        }
        return plugins.Scored(found.score, columns=columns_of)


def document_types(
    found: Structure,
    language_tokens: NDArray[np.int64],
    repeated_tokens: NDArray[np.int64],
    n_tokens: NDArray[np.integer],
) -> NDArray[np.int8]:
    """[D] index into `TYPES`, the first of these that fits.

    boilerplate: half of its tokens are in segments that many documents hold; dictionary: six or
    more runs of at most 8 tokens on average, with or without links; parallel: 0.3 of the bits of
    the best block are covered on both sides, after shrinking; glossed: 0.4 on one side;
    code_switched: a second language holds a tenth of the tokens; monolingual: all others. (Of
    sentences of Tatoeba beside their translations 0.4 to 0.6 is covered, of planted ones 0.9.)

    Parameters
    ----------
    language_tokens
        [D, L] tokens in segments of each language.
    repeated_tokens
        [D] tokens in segments that many documents hold.
    n_tokens
        [D] length of each document.
    """
    shrunk = found.covered_bits / (found.bits + PRIOR_BITS)
    second = np.sort(language_tokens, axis=1)[:, -2] / np.maximum(language_tokens.sum(axis=1), 1)
    n_runs = found.n_turns + 1
    types = np.full(len(n_tokens), _MONOLINGUAL, np.int8)
    types[second >= _MIN_SECOND_SHARE] = _CODE_SWITCHED
    types[shrunk.max(axis=1) >= _MIN_ONE_WAY] = _GLOSSED
    types[shrunk.min(axis=1) >= _MIN_BOTH_WAYS] = _PARALLEL
    types[(n_runs >= _MIN_ENTRIES) & (n_tokens <= _MAX_ENTRY_TOKENS * n_runs)] = _DICTIONARY
    types[repeated_tokens >= _MIN_REPEATED_SHARE * np.maximum(n_tokens, 1)] = _BOILERPLATE
    return types


def _blocks(found: Structure, languages: tuple[str, ...]) -> pa.Array:
    """The best block of each document, null where it has none."""
    rows: list[dict[str, object] | None] = []
    for d, (start, end) in enumerate(found.block.tolist()):
        sides = [
            {
                "lang": languages[language],
                "bits": float(found.bits[d, side]),
                "covered": float(found.covered_bits[d, side]) / float(found.bits[d, side]),
            }
            for side, language in enumerate(found.languages[d].tolist())
            if language >= 0
        ]
        block = {"start": start, "end": end, "order": float(found.order[d]), "sides": sides}
        rows.append(block if end > start else None)
    return pa.array(rows, _BLOCK)


def _link_lists(found: Structure, links: ScoringLinks, n_documents: int) -> pa.ListArray:
    """Numbers of each document's links, ascending; at most `max_a_document`, the highest."""
    ids = links.ids[found.link]
    order = np.lexsort((-ids, found.document))
    document, ids = found.document[order], ids[order]
    first = np.searchsorted(document, np.arange(n_documents))
    kept = np.arange(len(ids)) - first[document] < links.max_a_document
    document, ids = document[kept][::-1], ids[kept][::-1]
    order = np.argsort(document, kind="stable")
    offsets = np.searchsorted(document[order], np.arange(n_documents + 1))
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.array(ids[order]))
