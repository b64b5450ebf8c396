"""A PostgreSQL of the distribution's, as an operator would run it: for `--database-url`."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path
from urllib.parse import quote

from tests.places import open_folder

BIN = Path(os.environ.get("EVENHAND_TEST_PG15_BIN", "/usr/lib/postgresql/15/bin"))
PASSWORD = "external-owner-secret"
PORT = 5432


class ExternalPostgres:
    """One cluster on a Unix socket, with a role that owns databases and may create roles."""

    def __init__(self, folder: Path) -> None:
        if not (BIN / "postgres").exists():
            raise FileNotFoundError(
                f"{BIN} has no postgres: install postgresql-15, or name the folder of its"
                " programs in EVENHAND_TEST_PG15_BIN"
            )
        self.folder = folder
        self.cluster = folder / "cluster"
        self.log = folder / "server.log"
        self._account = "postgres" if os.geteuid() == 0 else None
        if self._account is not None:
            owner = pwd.getpwnam(self._account)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self._call("initdb", "-D", str(self.cluster), "-U", "admin", "--auth=trust", "-N")

    def _call(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [str(BIN / program), *arguments],
            user=self._account,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses= -p {PORT} -c log_statement=all"
        self._call(
            "pg_ctl",
            "start",
            "-w",
            "-s",
            "-D",
            str(self.cluster),
            "-l",
            str(self.log),
            "-o",
            options,
        )

    def stop(self) -> None:
        """As a crash does it: nothing is flushed, sessions are cut."""
        self._call("pg_ctl", "stop", "-w", "-s", "-m", "immediate", "-D", str(self.cluster))

    def sql(self, *statements: str, database: str = "postgres") -> str:
        chosen = [part for statement in statements for part in ("-c", statement)]
        return self._call(
            "psql",
            "-X",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "admin",
            "-h",
            str(self.folder),
            "-p",
            str(PORT),
            "-d",
            database,
            *chosen,
        )

    def make_database(self, name: str) -> str:
        """A database with an owner of its own who is no superuser; gives its URL."""
        self.sql(
            f"CREATE ROLE {name}_owner LOGIN CREATEROLE PASSWORD '{PASSWORD}'",
            f"CREATE DATABASE {name} OWNER {name}_owner",
        )
        host = quote(str(self.folder), safe="")
        return f"postgresql://{name}_owner:{PASSWORD}@:{PORT}/{name}?host={host}"


@contextlib.contextmanager
def opened_postgres() -> Generator[ExternalPostgres]:
    """A running cluster, stopped and removed at the end."""
    server = ExternalPostgres(open_folder())
    server.start()
    try:
        yield server
    finally:
        if (server.cluster / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(server.folder)
