"""Assembling the demo corpus: download, read, write, account.

The files have several formats, as a user's own data may have. The same archives give
byte-identical files. All files are written in a folder beside their place and then moved, the
manifest last, so an interrupted assembly is never taken for a complete one.

Memory: 0.2 GB, for the data file of Tatoeba.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pivotmine.demo.lexicon import NAME as LEXICON
from pivotmine.demo.lexicon import DemoLexicon
from pivotmine.demo.recipe import SOURCES, VERSION, DemoSource
from pivotmine.demo.writers import open_writer
from pivotmine.dictionaries.packages import fetch

_CREDITS = "CREDITS.md"
_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Count:
    """How many documents, and bytes of UTF-8 text, one source gave of one kind."""

    source: str
    kind: str
    n_documents: int
    n_bytes: int


@dataclass(frozen=True)
class DemoCorpus:
    """An assembled corpus: `files` are those to read, `n_bytes` counts their text uncompressed."""

    directory: Path
    files: tuple[Path, ...]
    n_documents: int
    n_bytes: int
    counts: tuple[Count, ...]


def assemble(
    directory: Path,
    progress: Callable[[str], None],
    *,
    sources: Sequence[DemoSource] = SOURCES,
) -> DemoCorpus:
    """Build the demo corpus in `directory`, or take the one already there.

    Writes `corpus/` (the files to read), `lexicon.tsv` (word pairs to count), `CREDITS.md`,
    `manifest.json` and `downloads/` (about 124 MB of archives, reused by a later assembly).
    `progress` gets one line for each step.

    Raises SetupError when an archive cannot be downloaded.
    """
    directory = directory.absolute()
    found = _existing(directory, sources)
    if found is not None:
        progress(f"demo corpus of recipe {VERSION} is in {directory}")
        return found
    packages = tuple(dict.fromkeys(source.package for source in sources))
    archives = fetch(packages, directory / "downloads", progress)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=directory))
    try:
        counts = _write(partial, archives, sources, progress)
        (partial / _CREDITS).write_text(credits_text(sources, counts), encoding="utf-8")
        (directory / _MANIFEST).unlink(missing_ok=True)
        (directory / "corpus").mkdir(exist_ok=True)
        for name in _output_names(sources):
            (partial / name).replace(directory / "corpus" / name)
        for name in (LEXICON, _CREDITS):
            (partial / name).replace(directory / name)
        manifest = {"recipe": VERSION, "counts": [asdict(count) for count in counts]}
        (partial / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        (partial / _MANIFEST).replace(directory / _MANIFEST)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return _corpus(directory, sources, counts)


def credits_text(sources: Sequence[DemoSource], counts: tuple[Count, ...]) -> str:
    """`CREDITS.md`: what was taken from where, under which licence, and whose work it is."""
    introduction = (
        f"Assembled on this machine by PivotMine (demo recipe {VERSION}) from data inside "
        "published Python packages. The texts keep their licences; whoever passes this corpus on "
        "passes on these credits. Each document names its source and licence in its `source` and "
        "`license` fields. Changed in all of them: cut into pages, translations laid out as "
        f"alternating lines. The word pairs of {LEXICON} are taken from the dictionary entries and "
        "the short messages among them; its column `source` says which."
    )
    lines = [
        "# Credits of the demo corpus",
        "",
        introduction,
        "",
        "| source | documents | MB | licence |",
        "|---|---:|---:|---|",
    ]
    licenses = {source.name: source.license for source in sources}
    for count in counts:
        lines.append(
            f"| {count.source}, {count.kind} | {count.n_documents:,} | {count.n_bytes / 1e6:.2f} "
            f"| {licenses[count.source]} |"
        )
    for source in sources:
        package = source.package
        lines += [
            "",
            f"## {source.title}",
            "",
            f"- Package: {package.name} {package.version}",
            f"- File: `{package.filename}`, SHA-256 `{package.sha256}`",
            f"- Taken: {source.taken}",
            f"- Licence: {source.license}",
            f"- Credit: {source.credit} ({source.home})",
        ]
    return "\n".join(lines) + "\n"


def _output_names(sources: Sequence[DemoSource]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for source in sources for name, _ in source.outputs))


def _corpus(
    directory: Path, sources: Sequence[DemoSource], counts: tuple[Count, ...]
) -> DemoCorpus:
    return DemoCorpus(
        directory=directory,
        files=tuple(directory / "corpus" / name for name in _output_names(sources)),
        n_documents=sum(count.n_documents for count in counts),
        n_bytes=sum(count.n_bytes for count in counts),
        counts=counts,
    )


def _existing(directory: Path, sources: Sequence[DemoSource]) -> DemoCorpus | None:
    """The corpus in `directory` if it is whole and of this recipe."""
    try:
        manifest = json.loads((directory / _MANIFEST).read_text(encoding="utf-8"))
        counts = tuple(Count(**count) for count in manifest["counts"])
        recipe = manifest["recipe"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    corpus = _corpus(directory, sources, counts)
    beside = (directory / LEXICON, directory / _CREDITS)
    whole = all(path.is_file() for path in (*corpus.files, *beside))
    return corpus if recipe == VERSION and whole else None


def _write(
    folder: Path,
    archives: dict[str, Path],
    sources: Sequence[DemoSource],
    progress: Callable[[str], None],
) -> tuple[Count, ...]:
    totals: dict[tuple[str, str], list[int]] = {}
    lexicon = DemoLexicon()
    for name in _output_names(sources):
        with open_writer(folder / name) as write:
            for source in sources:
                for output, documents in source.outputs:
                    if output != name:
                        continue
                    progress(f"writing {name}: {source.title}")
                    for document in documents(archives[source.package.name]):
                        write(document)
                        lexicon.add(document)
                        total = totals.setdefault((document.source, document.kind), [0, 0])
                        total[0] += 1
                        total[1] += len(document.text.encode("utf-8"))
    n_pairs = lexicon.write(folder / LEXICON)
    progress(f"writing {LEXICON}: {n_pairs:,} word pairs")
    return tuple(Count(*key, *total) for key, total in totals.items())
