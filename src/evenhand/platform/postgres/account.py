"""Under which account the server runs, and which folders that account can reach.

PostgreSQL refuses to run as root. As root we therefore run it under an unprivileged account and
must find places that this account can traverse: `/root`, for one, is closed to it.
"""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from .model import ClusterRefused, ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = [
    "Account",
    "SpawnIdentity",
    "blocking_folder",
    "preferred_account",
    "server_account",
    "spawn_identity",
]

_PREFERRED_NAMES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An operating system account, without supplementary groups."""

    name: str
    uid: int
    gid: int


class SpawnIdentity(TypedDict, total=False):
    """Keyword arguments of `subprocess` that make a child run under another account."""

    user: int
    group: int
    extra_groups: Iterable[str | int]


def server_account(*, cluster: Path) -> Account:
    """The account that runs the server.

    An ordinary user runs it as itself. Root runs it as the owner of an existing cluster (it may
    have been made by an ordinary user), else as `postgres`, else as `nobody`.

    Raises: ClusterRefused when root owns the cluster; ServerUnavailable when there is no account.
    """
    uid = os.geteuid()
    if uid != 0:
        return Account(name=_name_of(uid), uid=uid, gid=os.getegid())
    if cluster.is_dir():
        owner = cluster.stat()
        if owner.st_uid == 0:
            raise ClusterRefused(
                f"{cluster} belongs to root, and PostgreSQL does not run as root. Give it back to "
                f"the server's account, for example: chown -R {preferred_account().name} {cluster}"
            )
        return Account(name=_name_of(owner.st_uid), uid=owner.st_uid, gid=owner.st_gid)
    return preferred_account()


def preferred_account() -> Account:
    """The unprivileged account for a new cluster of root.

    Raises: ServerUnavailable when the machine has none.
    """
    for name in _PREFERRED_NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise ServerUnavailable(
        "PostgreSQL does not run as root and this machine has no account named postgres or "
        "nobody. Start Evenhand as an ordinary user, or give it a --database-url."
    )


def spawn_identity(account: Account) -> SpawnIdentity:
    """How to start a child under `account`: nothing to do unless we are root."""
    if os.geteuid() != 0:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def blocking_folder(path: Path, account: Account) -> Path | None:
    """The first existing folder on the way to `path` (itself included) closed to `account`.

    Judged by mode bits alone, as the account has no supplementary groups. A path component that
    does not exist yet blocks nobody.
    """
    for folder in (*reversed(path.parents), path):
        try:
            found = folder.stat()
        except FileNotFoundError:
            return None
        except PermissionError:
            return folder
        if not _may_search(found, account):
            return folder
    return None


def _may_search(found: os.stat_result, account: Account) -> bool:
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
