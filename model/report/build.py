"""The report: the given runs on one page, in a file that needs no other."""

from __future__ import annotations

from collections.abc import Sequence

from pivotmine.errors import InputError
from pivotmine.model.report.attributed import attribution
from pivotmine.model.report.inside import behaviours, causal, layers
from pivotmine.model.report.scored import scores, strata
from pivotmine.model.report.word_table import SCRIPT, STYLE, words
from pivotmine.model.results import Run
from pivotmine.show.look.page import Section, html, joined, page


def report(
    score_runs: Sequence[Run], lens_runs: Sequence[Run], attribution_runs: Sequence[Run]
) -> str:
    """The page as HTML. The same runs give the same bytes.

    Raises
    ------
    InputError
        There is no run at all.
    """
    everything = [*score_runs, *lens_runs, *attribution_runs]
    if not everything:
        raise InputError("nothing to report: give --scores, --lens or --attribution")
    models = list(dict.fromkeys(run.summary["model"]["name"] for run in everything))
    versions = list(dict.fromkeys(run.summary["words"]["version"] for run in everything))
    score_summaries = [run.summary for run in score_runs]
    lens_summaries = [run.summary for run in lens_runs]
    sections = []
    if score_runs:
        held = scores(score_summaries)
        sections.append(Section("scores", "Word translation, all directions", held))
        sections.append(Section("strata", "Groups of words", strata(score_summaries)))
    if lens_runs:
        sections.append(Section("layers", "What the layers hold", layers(lens_summaries)))
        sections.append(Section("behaviours", "Behaviours", behaviours(lens_summaries)))
        held = causal(lens_summaries)
        sections.append(Section("causal", "Does the answer need the pivot?", held))
    if attribution_runs:
        held = attribution(attribution_runs)
        sections.append(Section("attribution", "Attribution to the corpus", held))
    table = words(score_runs, lens_runs, attribution_runs)
    sections.append(Section("words", "Every word", table))
    files = joined(html("<li>{}</li>", run.path.name) for run in everything)
    sections.append(Section("files", "Made from", html("<ul>{}</ul>", files)))
    lead = html(
        '<p class="soft">{}. Word set {}. Intervals are 95 %.</p>',
        ", ".join(models),
        ", ".join(version[:12] for version in versions),
    )
    return page("How a language model translates words", lead, sections, STYLE, SCRIPT)
