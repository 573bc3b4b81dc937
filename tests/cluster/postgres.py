"""A PostgreSQL server for one test run, from Debian's package or whatever else is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.processes import Service, free_port, start, wait_until

USER, PASSWORD = "pivotmine", "password-of-the-tests"


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    service: Service
    port: int

    @property
    def uri(self) -> str:
        """Its address as PyIceberg's SQL catalog wants it."""
        return f"postgresql+psycopg://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"


def find_programs() -> Path | None:
    """The folder of `initdb` and `postgres`; None if PostgreSQL is not installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    named = shutil.which("initdb")
    for folder in (*reversed(installed), *([Path(named).resolve().parent] if named else [])):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def start_postgres(programs: Path, folder: Path) -> Postgres:
    """Start a server whose files are under `folder`.

    PostgreSQL refuses to run as root. There it runs as its own user, who must be able to reach the
    folder.
    """
    folder.mkdir(parents=True)
    prefix = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o001)
    password = folder / "password"
    password.write_text(PASSWORD)
    data = folder / "data"
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    subprocess.run(
        [
            *prefix,
            *(str(programs / "initdb"), "--pgdata", str(data), "--username", USER),
            *("--auth", "scram-sha-256", "--pwfile", str(password)),
            *("--encoding", "UTF8", "--no-sync"),
        ],
        check=True,
        capture_output=True,
        env=environment,
        cwd=folder,
    )
    port = free_port()
    service = start(
        [
            *prefix,
            *(str(programs / "postgres"), "-D", str(data), "-p", str(port)),
            *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
            *("-c", "fsync=off"),
        ],
        folder.with_name("postgres.log"),
        environment,
        folder,
    )
    ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL", 60)
    return Postgres(service, port)
