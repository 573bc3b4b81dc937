"""PivotMine's `npy` shards as a stream of documents, opened after all bytes were checked.

A folder that the shard stage wrote holds `manifest.json`, the tokenizer and, for every shard, the
raw ids and the boundaries of its documents. Local shards are memory-mapped in place. Remote shards
are first copied into a cache, under the name of their checksum, because training reads at random
places and object stores are slow at small ranged reads.

Memory: 20 bytes a document. Checking reads every shard once (BLAKE3, about 1 GB/s on one core).
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import orjson
from blake3 import blake3
from fsspec.implementations.local import LocalFileSystem
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.lake.boundaries import boundaries_path, read_boundaries
from pivotmine.storage.filesystem import open_filesystem
from pivotmine.text.tokenizer import Tokenizer

BLOCK_BYTES = 8 * 2**20
CACHE = Path("~/.cache/pivotmine/shards")


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
    ids: tuple[NDArray[np.unsignedinteger], ...]
    """[F] memory-mapped token ids."""
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


def open_stream(folder: str, cache: Path | None = None) -> Stream:
    """Open an arm's shards.

    Parameters
    ----------
    folder
        The arm's folder, at any address that fsspec opens.
    cache
        Where copies of remote shards are kept. Default: `~/.cache/pivotmine/shards`.

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
    ids, files, starts, lengths = [], [], [], []
    for number, entry in enumerate(listed):
        path = posixpath.join(root, entry["file"])
        local = _checked(filesystem, path, entry["blake3"], cache or CACHE.expanduser())
        tokens = _mapped(local, dtype, path)
        start, end = _boundaries(filesystem, boundaries_path(path))
        wanted = entry["n_tokens"] + n_end * entry["n_docs"]
        contiguous = len(start) == 0 or (start[0] == 0 and (start[1:] == end[:-1]).all())
        if len(start) != entry["n_docs"] or not contiguous or end[-1:].sum() != len(tokens):
            raise InputError(
                f"{path}: its boundaries do not tile its {len(tokens):,} tokens into "
                f"{entry['n_docs']:,} documents; write the shards again"
            )
        if len(tokens) != wanted:
            raise InputError(f"{path} holds {len(tokens):,} ids, the manifest says {wanted:,}")
        if end_id is not None and not (tokens[end - 1] == end_id).all():
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


def _checked(filesystem: Any, path: str, checksum: str, cache: Path) -> Path:
    """A local file with the content of `path`, whose checksum was verified."""
    is_local = isinstance(filesystem, LocalFileSystem)
    kept = Path(path) if is_local else cache / f"{checksum}.npy"
    if not is_local and not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        partial = cache / f".{checksum}.{os.getpid()}.partial"
        try:
            filesystem.get_file(path, str(partial))
        except OSError as error:
            raise InputError(f"shard {path} cannot be read: {error}") from None
        partial.replace(kept)
    digest = blake3()
    try:
        with kept.open("rb") as stream:
            while block := stream.read(BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise InputError(f"shard {path} cannot be read: {error.strerror}") from None
    found = digest.hexdigest()
    if found != checksum:
        if not is_local:
            kept.unlink()
        raise InputError(
            f"shard {path} is not what was written: its BLAKE3 is {found[:16]}…, the manifest says "
            f"{checksum[:16]}…; copy it again, or run the shard stage again"
        )
    return kept


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
