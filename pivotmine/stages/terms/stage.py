"""Terms: exact counts for the words and word pairs of given lexicons.

Words are found in the text, with boundaries where a script has them, so a word of several tokens
is counted like any other. Every listed pair has a row, found or not. One pass over the corpus does
the work of one query for each pair to infini-gram or WIMBD.

The text is spelled out from the tokens (`token_text.py`). So documents are not read or joined
again, and the tokens give the segment and window of every match. Three kinds of words are not
found: words with characters that the tokenizer does not know (they become U+FFFD), words that it
changes before it encodes (lower case does no harm, removed accents do), and words with a suffix, as
Korean nouns with particles (`pivotmine.text.folding.spaced_letters`).

The driver reads the lexicon once and builds the trie. Both reach every worker process once, as
arrays: 11 MB, and about 200 bytes a word and 90 a pair, counts included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pivotmine.dictionaries.lexicon import REASONS, Lexicon, read_lexicon
from pivotmine.dictionaries.lexicon_files import list_lexicons
from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import ArrowRows, Inputs, Rows, Stage, StageOutputs, StageRows, Tally
from pivotmine.lake.tables import TABLES, TERM_COUNTS
from pivotmine.recipe import Recipe
from pivotmine.stages.terms.buckets import BUCKETS, n_buckets, totals_of
from pivotmine.stages.terms.layout import DOCUMENTS, TermPairs, TermTotals, term_pairs
from pivotmine.stages.terms.matching import build_trie
from pivotmine.stages.terms.piece_texts import piece_texts
from pivotmine.stages.terms.rows import TermResult, n_pieces
from pivotmine.stages.terms.search import TermSearch
from pivotmine.text.folding import spaced_letters
from pivotmine.text.tokenizer import Tokenizer
from pivotmine.udfs import terms as udfs

Value = TypeVar("Value")


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Count every word and pair in all documents; without a lexicon the tables are empty."""
    lexicon = read_lexicon(recipe.terms.lexicons, recipe.terms.max_rows)
    if lexicon.rejects:
        inputs.note(f"{len(lexicon.rejects):,} unusable rows of lexicons: see lexicon_rejects")
    rejects = [{**row._asdict(), "detail": REASONS[row.reason]} for row in lexicon.rejects]
    return {
        "term_counts": _term_counts(inputs, recipe, lexicon),
        "lexicons": _table("lexicons", [file._asdict() for file in lexicon.files]),
        "lexicon_rejects": _table("lexicon_rejects", rejects),
    }


def _table(name: str, rows: Sequence[dict[str, Any]] = ()) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=TABLES[name].schema)


def _term_counts(inputs: Inputs, recipe: Recipe, lexicon: Lexicon) -> StageRows:
    if not len(lexicon.terms):
        return _table("term_counts")
    languages = sorted(recipe.languages)
    strings, terms = _strings_and_pairs(lexicon, languages)
    totals = _totals(inputs, recipe, strings, terms, languages)
    inputs.measure("words", len(lexicon.terms))
    inputs.measure("pairs", len(lexicon.a))
    inputs.measure("words_found", int(np.count_nonzero(totals.words[:, 0, DOCUMENTS])))
    inputs.measure("pairs_found", int(np.count_nonzero(totals.pairs[:, 0, DOCUMENTS])))
    result = TermResult(lexicon._replace(rejects=()), terms, totals)
    pieces = inputs.numbers(sum(n_pieces(lexicon)))
    return ArrowRows(pieces, udfs.bind_rows(_shared(inputs, result)), TERM_COUNTS.schema)


def _strings_and_pairs(lexicon: Lexicon, languages: list[str]) -> tuple[list[str], TermPairs]:
    """Distinct strings of the lexicon, and its words and pairs laid out for counting."""
    # Words are ordered by string, so those of one string, in several languages, are neighbours.
    is_first = np.append(True, pc.not_equal(lexicon.terms[1:], lexicon.terms[:-1]).to_numpy(False))
    found = pc.index_in(lexicon.languages, value_set=pa.array(languages, pa.string()))
    language = found.fill_null(-1).to_numpy().astype(np.int16)
    first_words = np.append(np.flatnonzero(is_first), len(is_first))
    pairs = term_pairs(first_words, language, lexicon.a, lexicon.b, len(languages))
    return lexicon.terms.filter(pa.array(is_first)).to_pylist(), pairs


def _totals(
    inputs: Inputs, recipe: Recipe, strings: list[str], terms: TermPairs, languages: list[str]
) -> TermTotals:
    """The one pass over the corpus."""
    (row,) = inputs.table("tokenizer", ("kind", "model"), 1).to_pylist()
    search = TermSearch(
        piece_texts(Tokenizer(row["kind"], row["model"]).load()),
        build_trie(strings, spaced_letters()),
        terms,
        tuple(languages),
        recipe.count.window_tokens,
        recipe.count.min_language_share,
    )
    count = udfs.bind_count(_shared(inputs, search))
    parts = inputs.arrow_rows("tokens", udfs.COLUMNS, count, BUCKETS)
    if parts.is_here:
        in_order = parts.gathered().sort_by("bucket").to_batches()
        sums = pa.Table.from_batches(udfs.sum_buckets(iter(in_order)), BUCKETS)
    else:
        by_bucket = parts.in_spark().repartition("bucket").sortWithinPartitions("bucket")
        sums = inputs.local(
            by_bucket.mapInArrow(udfs.sum_buckets, spark_schema(BUCKETS)), n_buckets(terms)
        )
    return totals_of(sums, terms)


def _shared(inputs: Inputs, value: Value) -> udfs.Shared[Value]:
    """The value for tasks: sent to every worker process once, or as it is."""
    if inputs.is_small:
        return udfs.Held(value)
    sent: udfs.Shared[Value] = inputs.spark.sparkContext.broadcast(value)
    return sent


def external(recipe: Recipe) -> Any:
    """The lexicon files with their checksums; an error for a missing or unreadable file."""
    files = list_lexicons(recipe.terms.lexicons, recipe.terms.max_rows)
    return [file._replace(uri=file.name) for file in files]


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Every row of a lexicon is listed in `term_counts` or rejected."""
    return Tally(
        rows_in=rows.total("lexicons", "n_rows"),
        rows_out=rows.total("term_counts", "n_listed"),
        rejected=rows.written["lexicon_rejects"],
    )


STAGE = Stage(
    name="terms",
    doc="exact counts of the words and pairs of a lexicon",
    reads=("tokens", "tokenizer"),
    writes=("term_counts", "lexicons", "lexicon_rejects"),
    sections=("languages", "count.window_tokens", "count.min_language_share", "terms"),
    run=run,
    tally=tally,
    external=external,
    runs_kernels=True,
)
