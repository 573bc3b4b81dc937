"""Files and folders that commands write, tried before the work that fills them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pivotmine.errors import InputError


def output_file(path: Path | None) -> Path | None:
    """A file that can be written; its folder is made where it is missing.

    A callback of an option. A file that is there keeps its content until it is overwritten.

    Raises
    ------
    InputError
        It is a folder, or this user may not write it.
    """
    if path is None:
        return None
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    was_there = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
        if not was_there:
            path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from None
    return path


def output_folder(path: Path | None) -> Path | None:
    """A folder that can be written, or made where it is missing. A callback of an option.

    Raises
    ------
    InputError
        It is a file, or this user may not write in it.
    """
    if path is None:
        return None
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise _unwritable(path, error) from None
    return path


def _unwritable(path: Path, error: OSError) -> InputError:
    reason = (error.strerror or str(error)).lower()
    return InputError(f"{path} cannot be written ({reason}); name a place where you may write")
