"""Score links: the share of a document's tokens that meet a linked partner of another language."""

from __future__ import annotations

from pivotmine import plugins
from pivotmine.stages.score.documents import Documents
from pivotmine.stages.score.link_coverage import link_coverage


@plugins.score("links")
class Links:
    """Share of tokens with a linked partner of another language in the same context."""

    def score(self, documents: Documents) -> plugins.Scored:
        """Covered tokens per token; evidence: `covered_tokens` and distinct `links`."""
        corpus = documents.corpus
        found = link_coverage(
            *documents.in_contexts.columns, documents.n, corpus.nodes.language, corpus.links.table
        )
        evidence = {"covered_tokens": found.covered_tokens, "links": found.n_links}
        return plugins.Scored(found.covered_tokens / documents.length, evidence)
