"""What the commands do: serve the explorer, or write a view of it as a file.

The server is uvicorn in the foreground, on loopback unless told otherwise.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from pivotmine.ask.reader import LakeReader
from pivotmine.errors import ConfigError, SetupError

MISSING = "the explorer is not installed: pip install '.[explore]' in a checkout of PivotMine"


def check_hosts(host: str, allowed: Sequence[str]) -> None:
    """Check that a server which others reach knows the names under which they ask.

    Raises
    ------
    ConfigError
        The address is not loopback and no name is allowed.
    """
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost"
    if not is_loopback and not allowed:
        raise ConfigError(
            f"--host {host} lets others read this lake. Name the host as they write it in the "
            "address, such as --allow-host data.example.org; it is checked with every request."
        )


def serve(
    reader: LakeReader,
    host: str,
    port: int,
    allowed: Sequence[str],
    results: Path,
    ready: Callable[[str], None],
) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    host, port
        Address to bind; port 0 takes a free one.
    allowed
        Host names besides loopback.
    results
        Folder of `pivotmine-model`; it need not be there.
    ready
        Called with the address once requests are accepted.

    Raises
    ------
    ConfigError
        The address cannot be bound, or `check_hosts` refuses it.
    SetupError
        The libraries of extra `explore` are not installed.
    """
    check_hosts(host, allowed)
    try:
        import uvicorn

        from pivotmine.explore.app import build_app
    except ImportError:
        raise SetupError(MISSING) from None
    from pivotmine.explore.answers import Explorer
    from pivotmine.explore.views.model import results_folder

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        # From now on browsers wait for the server, and are not refused.
        bound.listen()
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"--host {host} --port {port}: {error.strerror}. Choose another port; --port 0 takes "
            "a free one."
        ) from None
    with bound:
        app = build_app(Explorer(reader, results_folder(results)), allowed)
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        name = f"[{host}]" if ":" in host else host
        ready(f"http://{name}:{bound.getsockname()[1]}/")
        uvicorn.Server(config).run(sockets=[bound])


def asked_view(
    word: str | None, to: str | None, lines: bool, document: str | None, address: str | None
) -> tuple[str, dict[str, str]]:
    """The view that options name: its name, and the values of its address.

    Raises
    ------
    ConfigError
        The options name no view, or several.

    Examples
    --------
    >>> asked_view("fr:chat", None, False, None, None)
    ('word', {'q': 'fr:chat'})
    >>> asked_view(None, None, False, None, "http://localhost:8765/lines?a=chat")
    ('lines', {'a': 'chat'})
    """
    if sum(given is not None for given in (word, document, address)) != 1:
        raise ConfigError("name one view: --word, --document or --address")
    if (to or lines) and word is None:
        raise ConfigError("--to and --lines go with --word")
    if address is not None:
        parts = urlsplit(address)
        return parts.path.strip("/"), dict(parse_qsl(parts.query))
    if document is not None:
        return "document", {"id": document}
    assert word is not None
    if lines:
        return "lines", {"a": word, "b": to or ""}
    return ("bridge", {"a": word, "b": to}) if to else ("word", {"q": word})


def write_page(
    reader: LakeReader, name: str, values: Mapping[str, str], results: Path, out: Path
) -> int:
    """Write a view as one HTML file; returns its bytes.

    Raises
    ------
    ConfigError
        There is no such view, or the file cannot be written.
    SetupError
        The libraries of extra `explore` are not installed.
    PivotMineError
        The question cannot be answered; the message says what to do.
    """
    try:
        from pivotmine.explore.answers import Explorer
        from pivotmine.explore.offline import offline_page
        from pivotmine.explore.views.model import results_folder
    except ImportError:
        raise SetupError(MISSING) from None
    explorer = Explorer(reader, results_folder(results))
    if name not in explorer.views:
        raise ConfigError(f"there is no view {name!r}; views are {', '.join(explorer.views)}")
    page = offline_page(explorer, name, values).encode()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(page)
    except OSError as error:
        raise ConfigError(f"--out {out}: {error.strerror}") from None
    return len(page)
