"""The JavaScript libraries of the explorer, which lie in the package with their licences.

`python -m pivotmine.explore.vendored` fetches them anew with `npm pack`. A release is taken only if
its archive has the checksum that is listed here, so a new version is a change of this file.
"""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from pivotmine.errors import InputError

FOLDER = Path(__file__).parent / "static" / "vendor"


class Library(NamedTuple):
    """A release of a package of npm, and the file of it that is served."""

    name: str
    version: str
    sha512: str
    """Of the archive, hexadecimal."""
    file: str
    """Path in the archive."""

    @property
    def licence(self) -> str:
        """Name of the licence's file beside the library."""
        return f"{self.name}.LICENSE.txt"


LIBRARIES = (
    Library(
        "htmx.org",
        "2.0.11",
        "4e1c7f5ada5e390a92aea042c3f0357301891a0e14ad56b7fac5b41a6accde9e"
        "202603bcf5e707e2ab5b9f2cc30d616f053aa39c83028042d336deb7e9db5a98",
        "dist/htmx.min.js",
    ),
    Library(
        "cytoscape",
        "3.35.0",
        "b0cbc121788632786409a5b3d91d3a17017fdbb30d952f93aaf8b5edfa0ef548"
        "67520dd719971c2a3c6cbc4a9014041831249998de52c58cd46254340ce249de",
        "dist/cytoscape.min.js",
    ),
    Library(
        "vega",
        "6.4.0",
        "ac75c2ab62e911608b3235c1123ee1a1c63d1b4fe2e5319845ac861928f4e954"
        "c5e3e976206d99ee87992828d66d487fee14c4fe65616da38f07bdb0084961ea",
        "build/vega.min.js",
    ),
    Library(
        "vega-lite",
        "6.4.3",
        "77fee13e37f3e7ad14111690b9398680855f5c07b783684959e0be8a00de686a"
        "2151d12836b1cb5e047fc933814fcbd5fe522eb8a9f0fb4ff15966e5903c2431",
        "build/vega-lite.min.js",
    ),
    Library(
        "vega-embed",
        "7.3.0",
        "c10f2ce46692ceaa0a82645f6d1a25801ae313608fed92875ea1fb3628f132a3"
        "e3a5d5b14ace039fcb6fa7d83482242f87670afb7a79eacc63596334c0d9e01b",
        "build/vega-embed.min.js",
    ),
)


def fetch(library: Library, folder: Path = FOLDER) -> None:
    """Put a library and its licence into a folder.

    Raises
    ------
    InputError
        The archive is not the one whose checksum is listed.
    """
    with tempfile.TemporaryDirectory() as temporary:
        named = f"{library.name}@{library.version}"
        subprocess.run(
            ["npm", "pack", named, "--silent", "--pack-destination", temporary],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(temporary).glob("*.tgz")
        found = hashlib.sha512(archive.read_bytes()).hexdigest()
        if found != library.sha512:
            raise InputError(f"the archive of {named} has the checksum {found}, not the listed one")
        with tarfile.open(archive) as packed:
            for path, name in (
                (library.file, Path(library.file).name),
                ("LICENSE", library.licence),
            ):
                member = packed.extractfile(f"package/{path}")
                assert member is not None
                # Maps of sources are not shipped, so no browser may ask for them.
                lines = member.read().split(b"\n")
                kept = [line for line in lines if not line.startswith(b"//# sourceMappingURL")]
                (folder / name).write_bytes(b"\n".join(kept).rstrip() + b"\n")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for one in LIBRARIES:
        fetch(one)
        print(f"{one.name} {one.version}")
