"""An archive of Java's loaded classes, with which Spark's JVM starts and plans in half the time.

Java can write the classes that a program has loaded into a file, and map them in the next run
(application class data sharing). The first session of an environment records what it loads, and the
file is written when its Python ends: 100 MB and some eight processor seconds, once. Java ignores an
archive that does not fit its own version or class path. Without a folder to write to, or without
the command in Java, sessions start as slowly as before.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyspark
from pyspark.sql import SparkSession

_QUIET = "-Xlog:cds*=off"
_STALE_SECONDS = 600.0


def archive_path(java_version: str) -> Path:
    """Where the archive for this Java and this Spark lies, in the user's cache folder."""
    environment = f"{java_version} {pyspark.__version__} {Path(pyspark.__file__).parent}"
    name = hashlib.blake2b(environment.encode(), digest_size=8).hexdigest()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "pivotmine" / "java" / f"{name}.jsa"


def archive_options(path: Path) -> str:
    """Options of the JVM: to use the archive, or to record classes for it."""
    if " " in str(path):
        return ""  # Spark would cut the option there
    if path.is_file():
        return f"-XX:SharedArchiveFile={path} {_QUIET}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return ""
    return f"-XX:+RecordDynamicDumpInfo {_QUIET}" if os.access(path.parent, os.W_OK) else ""


def write_at_exit(session: SparkSession, path: Path) -> None:
    """Write the archive when this Python ends, if there is none by then."""
    if not path.exists():
        atexit.register(write_archive, session, path)


def write_archive(session: SparkSession, path: Path) -> None:
    """Write the classes that the JVM of a session has loaded; does nothing where that fails."""
    gateway: Any = session.sparkContext._gateway
    unfinished = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
    with contextlib.suppress(Exception), _alone(path.with_suffix(".lock")) as is_alone:
        if is_alone and gateway.proc.poll() is None and not path.exists():
            _command(gateway, "vmCds", "dynamic_dump", str(unfinished))
            unfinished.replace(path)
    with contextlib.suppress(OSError):
        unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[bool]:
    """Whether no other process writes the archive; the lock of one that died is taken over."""
    with contextlib.suppress(OSError):
        if time.time() - lock.stat().st_mtime > _STALE_SECONDS:
            lock.unlink()
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        yield False
        return
    try:
        yield True
    finally:
        lock.unlink(missing_ok=True)


def _command(gateway: Any, name: str, *arguments: str) -> None:
    """Run a diagnostic command in the JVM, as `jcmd` does, which a JRE does not have."""
    jvm = gateway.jvm
    find = jvm.java.lang.Class.forName
    types = ("javax.management.ObjectName", "java.lang.String")
    arrays = ("[Ljava.lang.Object;", "[Ljava.lang.String;")
    signature = _array(gateway, jvm.java.lang.Class, [find(one) for one in (*types, *arrays)])
    strings = jvm.java.lang.String
    values = _array(gateway, jvm.java.lang.Object, [_array(gateway, strings, list(arguments))])
    commands = jvm.javax.management.ObjectName("com.sun.management:type=DiagnosticCommand")
    call = [commands, name, values, _array(gateway, strings, [arrays[1]])]
    server = jvm.java.lang.management.ManagementFactory.getPlatformMBeanServer()
    # Java says on standard output that it has written the file.
    nowhere = jvm.java.io.PrintStream(jvm.java.io.OutputStream.nullOutputStream())
    jvm.java.lang.System.setOut(nowhere)
    # Its class is not public, so that only its interface may be called.
    invoke = find("javax.management.MBeanServer").getMethod("invoke", signature)
    invoke.invoke(server, _array(gateway, jvm.java.lang.Object, call))


def _array(gateway: Any, kind: Any, values: list[Any]) -> Any:
    made = gateway.new_array(kind, len(values))
    for place, value in enumerate(values):
        made[place] = value
    return made
