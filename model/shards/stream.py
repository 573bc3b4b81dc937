"""PivotMine's `npy` shards as a stream of documents.

A folder that the shard stage wrote holds `manifest.json`, the tokenizer and, for every shard, the
raw ids and the boundaries of its documents. Local shards are memory-mapped in place, after their
checksum was compared (`verified.py`). Remote shards are read in blocks, which a cache keeps under
the shard's checksum (`remote.py`).

Memory: 20 bytes a document.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import orjson
from blake3 import blake3
from fsspec.implementations.local import LocalFileSystem
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.lake.boundaries import boundaries_path, read_boundaries
from pivotmine.model.shards.remote import RemoteIds
from pivotmine.model.shards.verified import verify
from pivotmine.storage.filesystem import open_filesystem
from pivotmine.text.tokenizer import Tokenizer

CACHE = "~/.cache/pivotmine/shards"

Ids = NDArray[np.unsignedinteger] | RemoteIds
"""Token ids of a file: slices of them are arrays."""


class TokenizerFile(NamedTuple):
    """The tokenizer that made the ids."""

    kind: str
    """`sentencepiece` or `huggingface`."""
    content: bytes
    sha256: str
    """As the engine computes it (`pivotmine.text.tokenizer.Tokenizer.sha256`)."""


class Stream(NamedTuple):
    """The documents of an arm: D documents in F files."""

    name: str
    ids: tuple[Ids, ...]
    """[F] token ids: memory-mapped, or fetched when they are read."""
    files: NDArray[np.int32]
    """[D] number of each document's file."""
    starts: NDArray[np.int64]
    """[D] its first token in that file."""
    lengths: NDArray[np.int64]
    """[D] its number of tokens, with the end-of-document id if there is one."""
    vocab_size: int
    tokenizer: TokenizerFile
    tokens_by_language: Mapping[str, int]
    """Without end-of-document ids, as the manifest says."""
    end_id: int | None
    """The id that ends every document, if there is one."""
    checksum: str
    """Hash of all files' checksums; identifies the content in keys of results."""

    @property
    def n_tokens(self) -> int:
        """Number of tokens, with end-of-document ids."""
        return int(self.lengths.sum())

    @property
    def language_shares(self) -> dict[str, float]:
        """Language -> share of the tokens."""
        total = sum(self.tokens_by_language.values())
        return {name: n / total for name, n in sorted(self.tokens_by_language.items())}


def fetch(
    stream: Stream, spans: Iterable[tuple[int, int, int]], executor: Executor | None = None
) -> None:
    """Bring what is remote into the cache: spans are a file's number, first token and the one after
    the last."""
    by_file: dict[int, list[tuple[int, int]]] = {}
    for file, start, stop in spans:
        by_file.setdefault(file, []).append((start, stop))
    for file, ranges in by_file.items():
        if isinstance(ids := stream.ids[file], RemoteIds):
            ids.fetch(ranges, executor)


def open_stream(folder: str, cache: Path | None = None, again: bool = False) -> Stream:
    """Open an arm's shards.

    Parameters
    ----------
    folder
        The arm's folder, at any address that fsspec opens.
    cache
        Where blocks of remote shards and notes about checksums are kept. Default: `CACHE`.
    again
        Compare all checksums, whatever is noted; remote shards are brought into the cache whole.

    Raises
    ------
    InputError
        There is no manifest or no `npy` shard, a file is missing, differs from its checksum, or
        disagrees with its boundaries.
    """
    filesystem, root = open_filesystem(folder)
    manifest = _manifest(filesystem, root, folder)
    if not manifest["files"] and manifest.get("n_docs") == 0:
        raise InputError(
            f"{folder}: arm {manifest['arm']} is empty: no document fitted its budget; raise "
            "select.budget_tokens of the corpus's recipe, or leave the arm out"
        )
    listed = [entry for entry in manifest["files"] if entry["format"] == "npy"]
    if not listed:
        formats = sorted({entry["format"] for entry in manifest["files"]})
        raise InputError(
            f"{folder} holds no npy shards (only {', '.join(formats) or 'nothing'}): write them "
            "with shard.formats: [npy]"
        )
    dtype = np.dtype(manifest["tokens"]["dtype"].rpartition(" ")[2]).newbyteorder("<")
    end_id = manifest["tokens"]["eos_token_id"]
    n_end = int(end_id is not None)
    cache = cache or Path(CACHE).expanduser()
    ids: list[Ids] = []
    files, starts, lengths = [], [], []
    for number, entry in enumerate(listed):
        path = posixpath.join(root, entry["file"])
        wanted = entry["n_tokens"] + n_end * entry["n_docs"]
        tokens = _ids(filesystem, path, dtype, wanted, entry["blake3"], cache, again)
        start, end = _boundaries(filesystem, boundaries_path(path))
        contiguous = len(start) == 0 or (start[0] == 0 and (start[1:] == end[:-1]).all())
        if len(start) != entry["n_docs"] or not contiguous or end[-1:].sum() != len(tokens):
            raise InputError(
                f"{path}: its boundaries do not tile its {len(tokens):,} tokens into "
                f"{entry['n_docs']:,} documents; write the shards again"
            )
        if len(tokens) != wanted:
            raise InputError(f"{path} holds {len(tokens):,} ids, the manifest says {wanted:,}")
        is_here = isinstance(tokens, np.ndarray) and end_id is not None
        if is_here and not (np.asarray(tokens)[end - 1] == end_id).all():
            raise InputError(
                f"{path}: documents do not end where its boundaries say (id {end_id} ends them); "
                "write the shards again"
            )
        ids.append(tokens)
        files.append(np.full(len(start), number, np.int32))
        starts.append(start)
        lengths.append(end - start)
    return Stream(
        manifest["arm"],
        tuple(ids),
        np.concatenate(files),
        np.concatenate(starts),
        np.concatenate(lengths),
        manifest["tokens"]["vocab_size"],
        _tokenizer(filesystem, root, manifest["tokenizer"]),
        manifest["tokens_by_language"],
        end_id,
        str(blake3("".join(entry["blake3"] for entry in listed).encode()).hexdigest()),
    )


def _manifest(filesystem: Any, root: str, folder: str) -> dict[str, Any]:
    path = posixpath.join(root, "manifest.json")
    try:
        manifest: dict[str, Any] = orjson.loads(filesystem.cat_file(path))
        manifest["files"], manifest["tokens"]["dtype"], manifest["tokenizer"]["file"]
    except FileNotFoundError:
        raise InputError(
            f"{folder} holds no manifest.json: give the folder of one arm, as the shard stage "
            "writes it (its address is in column path of table shards)"
        ) from None
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: manifest.json is not one of PivotMine's: {error}") from None
    return manifest


def _ids(
    filesystem: Any,
    path: str,
    dtype: np.dtype[np.unsignedinteger],
    n_ids: int,
    checksum: str,
    cache: Path,
    again: bool,
) -> Ids:
    """The ids of a shard whose checksum is right, or is compared as soon as all of it is here."""
    if isinstance(filesystem, LocalFileSystem):
        verify(Path(path), checksum, path, cache, again)
        return _mapped(Path(path), dtype, path)
    remote = RemoteIds(filesystem, path, dtype, n_ids, checksum, cache)
    whole = remote.whole(again)
    return _mapped(whole, dtype, path) if whole else remote


def _mapped(
    path: Path, dtype: np.dtype[np.unsignedinteger], name: str
) -> NDArray[np.unsignedinteger]:
    n_bytes = path.stat().st_size
    if n_bytes % dtype.itemsize:
        raise InputError(f"shard {name} is cut off inside a token ({n_bytes:,} bytes, {dtype})")
    if not n_bytes:
        return np.empty(0, dtype)
    return np.memmap(path, dtype, "r")


def _boundaries(filesystem: Any, path: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First token of every document, and the one after its last."""
    try:
        found = read_boundaries(filesystem, path)
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"boundaries {path} cannot be read: {error}") from None
    return found.starts, found.ends


def _tokenizer(filesystem: Any, root: str, entry: Mapping[str, str]) -> TokenizerFile:
    path = posixpath.join(root, entry["file"])
    try:
        content = filesystem.cat_file(path)
    except OSError as error:
        raise InputError(f"tokenizer {path} cannot be read: {error}") from None
    kind = cast(Literal["sentencepiece", "huggingface"], entry["kind"])
    found = Tokenizer(kind, content).sha256
    if found != entry["sha256"]:
        raise InputError(
            f"tokenizer {path} is not the one that the shards were written with: its SHA-256 is "
            f"{found[:16]}…, the manifest says {entry['sha256'][:16]}…"
        )
    return TokenizerFile(kind, content, found)
