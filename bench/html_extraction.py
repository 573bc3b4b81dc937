"""What extractors keep of HTML pages, block by block.

    python -m bench.html_extraction FOLDER ... --pages 1000

A block of text is a paragraph, list item, cell, heading, quotation or listing that holds no other.
Blocks are found by lxml, which knows nothing of main content. In the text of an extractor a block
is whole, or cut (text nodes that hold four fifths of it are there, others are not), or absent;
white space does not count. An extractor may leave a block out, but it should not cut one. Pages are
drawn by a hash of their names, as many from each folder. Prints Markdown.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import lxml.html
import trafilatura
from resiliparse.extract.html2text import extract_plain_text
from selectolax.lexbor import LexborHTMLParser

from bench import tables
from pivotmine.sources.html import decode_page, extract_text
from pivotmine.sources.html_rules import keep_text, with_figures

BLOCKS = ("p", "li", "td", "th", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote")
BLOCKS += ("pre", "caption", "figcaption")
_UNSEEN = frozenset(("script", "style", "template", "noscript", "head", "textarea", "select"))
_LEAST_CHARS = 2


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--pages", type=int, default=1000)
    arguments = parser.parse_args()
    pages = draw(arguments.folders, arguments.pages)
    fates = {name: Counter[str]() for name in EXTRACTORS}
    by_tag: dict[str, Counter[str]] = defaultdict(Counter)
    seconds = Counter[str]()
    for path in pages:
        html = decode_page(path.read_bytes(), None).text
        blocks = list(blocks_of(html))
        found = {}
        for name, extract in EXTRACTORS.items():
            started = time.process_time()
            text = squeezed(extract(html))
            seconds[name] += time.process_time() - started
            found[name] = [fate(nodes, text) for _, nodes in blocks]
            for (_, nodes), how in zip(blocks, found[name], strict=True):
                fates[name][how] += sum(map(len, nodes))
                fates[name][f"{how} blocks"] += 1
        for place, (tag, nodes) in enumerate(blocks):
            if found["trafilatura"][place] == "whole":
                n = sum(map(len, nodes))
                by_tag[tag]["all"] += n
                for name in ("resiliparse", "PivotMine"):
                    by_tag[tag][name] += n * (found[name][place] != "whole")
    print(report(len(pages), fates, by_tag, seconds))


def draw(folders: list[Path], n_pages: int) -> list[Path]:
    """Pages of all folders, as many from each as it has, up to an equal share of what is left."""
    by_folder = [[path for path in folder.rglob("*.html") if path.is_file()] for folder in folders]
    by_folder.sort(key=len)
    drawn: list[Path] = []
    for number, pages in enumerate(by_folder):
        pages.sort(key=lambda path: hashlib.sha256(path.name.encode()).digest())
        drawn += pages[: (n_pages - len(drawn)) // (len(by_folder) - number)]
    return drawn


def blocks_of(html: str) -> Iterator[tuple[str, list[str]]]:
    """Tag and text nodes of each block, without white space."""
    try:
        root = lxml.html.document_fromstring(html.encode(), parser=_PARSER)
    except (lxml.etree.ParserError, ValueError):
        return
    for element in root.iter(*BLOCKS):
        if next(element.iterdescendants(*BLOCKS), None) is not None or is_unseen(element):
            continue
        nodes = [
            text
            for node in element.xpath(".//text()")
            if (text := squeezed(node)) and not is_unseen(node.getparent())
        ]
        if sum(map(len, nodes)) >= _LEAST_CHARS:
            yield element.tag, nodes


_PARSER = lxml.html.HTMLParser(encoding="utf-8")


def is_unseen(element: lxml.html.HtmlElement) -> bool:
    """Whether an element is shown on no page, or is marked as hidden."""
    for one in (element, *element.iterancestors()):
        if one.tag in _UNSEEN or one.get("hidden") is not None or one.get("aria-hidden") == "true":
            return True
    return False


def squeezed(text: str) -> str:
    """A text without white space and without the marks of links to headings."""
    return "".join(text.replace("\N{PILCROW SIGN}", "").split())


def fate(nodes: list[str], text: str) -> str:
    """Whether a block is whole in a text, cut, or absent."""
    if "".join(nodes) in text:
        return "whole"
    n_found = sum(len(node) for node in nodes if node in text)
    return "cut" if n_found >= max(20, 0.8 * sum(map(len, nodes))) else "absent"


def _resiliparse(html: str) -> str:
    return str(extract_plain_text(html, main_content=True, list_bullets=False, alt_texts=False))


def _selectolax(html: str) -> str:
    body = LexborHTMLParser(html).body
    return body.text() if body is not None else ""


def _lxml(html: str) -> str:
    return str(lxml.html.document_fromstring(html.encode(), parser=_PARSER).text_content())


EXTRACTORS: dict[str, Callable[[str], str]] = {
    "resiliparse": _resiliparse,
    "PivotMine": extract_text,
    "PivotMine, whole pages": lambda html: extract_text(html, whole=True),
    "trafilatura": lambda html: trafilatura.extract(html, include_tables=True) or "",
    "selectolax": _selectolax,
    "lxml": _lxml,
    "(rewriting of tags)": lambda html: keep_text(with_figures(html)),
}


def report(
    n_pages: int,
    fates: dict[str, Counter[str]],
    by_tag: dict[str, Counter[str]],
    seconds: Counter[str],
) -> str:
    """The figures as Markdown."""
    rows = []
    for name, found in fates.items():
        total = found["whole"] + found["cut"] + found["absent"]
        shares = [f"{found[how] / total:.2%}" for how in ("whole", "cut", "absent")]
        blocks = f"{found['cut blocks']:,}"
        rows.append((name, *shares, blocks, f"{1000 * seconds[name] / n_pages:.1f}"))
    heads = ("extractor", "whole", "cut", "absent", "blocks cut", "CPU ms a page")
    lines = [f"{n_pages:,} pages; shares of the characters of all blocks\n"]
    lines += tables.markdown(heads, rows[:-1])
    lines.append("\nCharacters of blocks that trafilatura keeps whole, and another does not:\n")
    lost = [
        (tag, f"{found['all']:,}", f"{found['resiliparse']:,}", f"{found['PivotMine']:,}")
        for tag, found in sorted(by_tag.items(), key=lambda item: -item[1]["all"])
    ]
    lines += tables.markdown(("block", "trafilatura", "not resiliparse", "not PivotMine"), lost)
    lines.append(f"Rewriting of tags takes {rows[-1][-1]} ms a page of PivotMine's time.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
