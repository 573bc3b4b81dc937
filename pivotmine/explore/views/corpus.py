"""View Corpus: languages, mixture, where languages meet, what was refused, growth."""

from __future__ import annotations

from pivotmine.ask.corpus import describe_corpus
from pivotmine.explore.charts import deliveries_chart, languages_chart, mixture_chart, pairs_chart
from pivotmine.explore.view import Asked, View


def corpus(asked: Asked) -> View:
    """No values."""
    found = describe_corpus(asked.connection)
    examples = asked.connection.execute(_EXAMPLES).fetchall()
    return View(
        "corpus",
        "Corpus",
        {
            "found": found,
            "n_docs": sum(one.n_docs for one in found.languages),
            "n_tokens": sum(one.n_tokens for one in found.languages),
            "n_mixed": sum(one.n_docs for one in found.mixtures if one.n_langs > 1),
            "examples": examples,
            "languages_chart": languages_chart(found.languages, asked.languages),
            "mixture_chart": mixture_chart(found.mixtures),
            "pairs_chart": pairs_chart(found.pairs),
            "deliveries_chart": deliveries_chart(found.deliveries),
        },
        {
            "languages": found.languages.to_arrow(),
            "mixtures": found.mixtures.to_arrow(),
            "pairs": found.pairs.to_arrow(),
            "refused": found.refused.to_arrow(),
            "deliveries": found.deliveries.to_arrow(),
        },
        ("vega",),
    )


_EXAMPLES = """
    SELECT lang_a, token_a, lang_b, token_b FROM links
    WHERE prevails AND NOT is_copy AND rank_ab = 1 AND rank_ba = 1 AND n_ab >= 10
      AND length(token_a) > 3 AND length(token_b) > 1
    QUALIFY row_number() OVER (PARTITION BY lang_a, lang_b ORDER BY npmi DESC, a, b) <= 5
    ORDER BY lang_a, lang_b, npmi DESC LIMIT 30
"""
"""Words to begin with: of each language pair the links that are surest."""
