"""Make a cluster so that it exists completely or not at all, and check one before it is run."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

from evenhand.platform.ids import new_secret

from .account import spawn_identity
from .binaries import programs_environment
from .config import HBA, parse_settings, undurable
from .files import read_line, sync_folder, write_durably
from .model import SUPERUSER, ClusterRefused, ServerUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from .account import Account
    from .binaries import Binaries
    from .layout import Layout

__all__ = [
    "check_cluster",
    "cluster_major",
    "create_cluster",
    "read_password",
    "write_as_server",
]

_FIRST_WITH_BUILTIN_LOCALES = 17
_INITDB_TIMEOUT_S = 300


def create_cluster(
    layout: Layout, *, binaries: Binaries, account: Account, lock_descriptor: int
) -> None:
    """Run initdb in a sibling folder and rename it into place.

    Locks: the start lock is held; initdb inherits `lock_descriptor`, so that an initdb that
    outlives us keeps the next starter waiting instead of sharing its folder.
    Raises: ServerUnavailable with what initdb said.
    """
    if layout.staging.exists():
        shutil.rmtree(layout.staging)
    password = _ensure_password(layout)
    # Crash from here to the rename: a password without a cluster, used by the next attempt.
    layout.staging.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(layout.staging, account.uid, account.gid)
    _run_initdb(
        layout.staging,
        binaries=binaries,
        account=account,
        password=password,
        lock_descriptor=lock_descriptor,
    )
    write_as_server(layout.staging / "pg_hba.conf", HBA, account=account)
    layout.staging.rename(layout.cluster)
    sync_folder(layout.home)
    # From here on the cluster is real and nothing of ours deletes it.


def check_cluster(layout: Layout) -> None:
    """Refuse files that are no cluster, lack their password, or turn durability off.

    Raises: ClusterRefused; nothing is changed.
    """
    cluster_major(layout.cluster)
    if not (layout.cluster / "global" / "pg_control").is_file():
        raise ClusterRefused(
            f"{layout.cluster} is a damaged cluster: global/pg_control is missing. Restore a "
            "backup."
        )
    read_password(layout)
    overrides = layout.cluster / "postgresql.auto.conf"
    if overrides.exists():
        text = overrides.read_text(encoding="utf-8", errors="replace")
        weak = undurable(parse_settings(text))
        if weak:
            raise ClusterRefused(
                f"{overrides} turns off {', '.join(weak)}: acknowledged work could be lost. "
                "Remove these lines; if the server ever ran with them, restore a backup instead."
            )


def cluster_major(cluster: Path) -> int:
    """The major version that made the cluster.

    Raises: ClusterRefused when the folder is no cluster.
    """
    try:
        text = read_line(cluster / "PG_VERSION")
    except NotADirectoryError:
        text = None
    if text is None or not text.isdigit():
        raise ClusterRefused(
            f"{cluster} exists but is no PostgreSQL cluster. It was left untouched: move it away, "
            "or restore a backup into it."
        )
    return int(text)


def read_password(layout: Layout) -> str:
    """The superuser's password.

    Raises: ClusterRefused when it is missing, or readable by others.
    """
    try:
        found = layout.password.stat()
        text = read_line(layout.password)
    except FileNotFoundError:
        text, found = None, None
    except PermissionError as error:
        raise ClusterRefused(
            f"{layout.password} belongs to another account. Run this command as the account that "
            "runs the service."
        ) from error
    if not text or found is None:
        raise ClusterRefused(
            f"{layout.password} is missing or empty, and without it the cluster beside it cannot "
            "be opened. Restore it from a backup."
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise ClusterRefused(
            f"{layout.password} can be read by others. Find out who did, then: chmod 600 "
            f"{layout.password}"
        )
    return text


def write_as_server(path: Path, text: str, *, account: Account) -> None:
    """Write a file that the server's account owns."""
    owner = (account.uid, account.gid) if os.geteuid() == 0 else None
    write_durably(path, text, mode=0o600, owner=owner)


def _ensure_password(layout: Layout) -> str:
    if not layout.password.exists():
        write_durably(layout.password, f"{new_secret()}\n", mode=0o600, owner=None)
    return read_password(layout)


def _run_initdb(
    folder: Path,
    *,
    binaries: Binaries,
    account: Account,
    password: str,
    lock_descriptor: int,
) -> None:
    reader, writer = os.pipe()
    try:
        # A pipe that belongs to the server's account: no second copy of the password on disk.
        if os.geteuid() == 0:
            os.fchown(reader, account.uid, account.gid)
        os.write(writer, f"{password}\n".encode())
        os.close(writer)
        done = subprocess.run(
            [binaries.program("initdb"), *_initdb_arguments(folder, major=binaries.major)],
            check=False,
            cwd="/",
            env=programs_environment(),
            pass_fds=(lock_descriptor,),
            start_new_session=True,
            stderr=subprocess.STDOUT,
            stdin=reader,
            stdout=subprocess.PIPE,
            timeout=_INITDB_TIMEOUT_S,
            umask=0o077,
            **spawn_identity(account),
        )
    except subprocess.TimeoutExpired as error:
        raise ServerUnavailable(
            f"initdb did not finish in {_INITDB_TIMEOUT_S} s; the disk may be too slow or full."
        ) from error
    finally:
        os.close(reader)
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip()[-1000:]
        raise ServerUnavailable(f"initdb could not make the database in {folder}: {said}")


def _initdb_arguments(folder: Path, *, major: int) -> list[str]:
    # Deterministic order and case rules on every machine: by code point, Unicode case mapping.
    if major >= _FIRST_WITH_BUILTIN_LOCALES:
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        locale = ["--locale=C.UTF-8", "--locale-provider=libc"]
    return [
        f"--pgdata={folder}",
        f"--username={SUPERUSER}",
        "--pwfile=/dev/stdin",
        "--auth=scram-sha-256",
        "--data-checksums",
        "--encoding=UTF8",
        "--text-search-config=simple",
        *locale,
    ]
