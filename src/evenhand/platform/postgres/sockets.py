"""The folder of the Unix socket: short, private, and not somebody else's.

sockaddr_un holds about 107 bytes, so a data folder's own path is no good. The folder lies in
XDG_RUNTIME_DIR or a system folder for temporary files, where others may write: one that is not
exactly ours (owner, mode, no symbolic link) is left alone and the next name is taken. Whoever
attaches reads the chosen folder from `postmaster.pid`.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .account import blocking_folder
from .layout import place_hash
from .model import PORT, ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .account import Account

__all__ = [
    "clear_socket_folder",
    "prepare_socket_folder",
    "release_socket_folder",
    "socket_path",
]

# Without the terminating zero: unix(7) for Linux, sys/un.h for macOS.
_PATH_BYTES_MAX = 103 if sys.platform == "darwin" else 107
_NAMES_PER_PARENT = 8
_NAME_PREFIX = "evenhand-"
# PostgreSQL reads its setting as a list of names separated by commas, with double quotes.
_LIST_MARKS = frozenset(',"')


def socket_path(folder: str, port: int = PORT) -> str:
    """The socket file that a server on `port` makes in `folder`."""
    return f"{folder}/.s.PGSQL.{port}"


def prepare_socket_folder(data_dir: Path, *, account: Account) -> Path:
    """Create or find the socket folder, owned by `account`, mode 0700.

    Raises: ServerUnavailable when no place is short, reachable and free of strangers.
    """
    for parent in _parents(account):
        name = f"{_NAME_PREFIX}{account.uid}-{place_hash(data_dir)}"
        for number in range(_NAMES_PER_PARENT):
            folder = parent / (f"{name}-{number}" if number else name)
            if _fits(folder) and _claim(folder, account):
                return folder
    raise ServerUnavailable(
        "there is no place for the database's socket: neither XDG_RUNTIME_DIR nor a folder for "
        f"temporary files is usable by the account {account.name} with a short path that nobody "
        "else has taken. Set TMPDIR to a short, writable folder."
    )


def clear_socket_folder(folder: Path) -> None:
    """Remove a dead server's socket and lock. Call only while no server of ours lives."""
    path = socket_path(str(folder))
    for leftover in (path, f"{path}.lock"):
        Path(leftover).unlink(missing_ok=True)


def release_socket_folder(folder: Path) -> None:
    """Remove the folder after its server has ended. A folder that is not of our making stays."""
    if folder.name.startswith(_NAME_PREFIX) and folder.is_dir():
        clear_socket_folder(folder)
        # Not empty when a stranger's file is in it.
        with suppress(OSError):
            folder.rmdir()


def _parents(account: Account) -> Iterator[Path]:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and _is_private(Path(runtime), account):
        yield Path(runtime)
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - checked in _claim
        folder = Path(os.path.realpath(place))
        ours = os.geteuid() != 0 or blocking_folder(folder, account) is None
        if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK) and ours:
            yield folder


def _fits(folder: Path) -> bool:
    text = str(folder)
    short = len(os.fsencode(socket_path(text))) <= _PATH_BYTES_MAX
    return short and not _LIST_MARKS.intersection(text)


def _claim(folder: Path, account: Account) -> bool:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        # Root died between making the folder and giving it away: nobody else can make root's.
        if os.geteuid() == 0 and _is_private(folder, account, uid=0):
            os.chown(folder, account.uid, account.gid, follow_symlinks=False)
        return _is_private(folder, account)
    if os.geteuid() == 0:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    return _is_private(folder, account)


def _is_private(folder: Path, account: Account, *, uid: int | None = None) -> bool:
    try:
        found = folder.lstat()
    except (FileNotFoundError, PermissionError):
        return False
    wanted = account.uid if uid is None else uid
    return stat.S_ISDIR(found.st_mode) and found.st_uid == wanted and not found.st_mode & 0o077
