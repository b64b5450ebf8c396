"""Where things lie on disk, and how root's clusters find a place that their server can reach.

`base` is `DATA/postgres`: locks, password, log. `home` holds the cluster (and, if need be, a copy
of the programs); it is the same folder unless the server's account cannot traverse the way to it.
Then home is `/var/lib/evenhand/<hash>`, `base/location` names it, and `home/data-dir` points back.
"""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .account import blocking_folder
from .files import make_folder, read_line, write_durably
from .model import ClusterRefused

if TYPE_CHECKING:
    from .account import Account

__all__ = [
    "Layout",
    "base_of",
    "check_back_link",
    "existing_layout",
    "new_layout",
    "open_base",
    "place_hash",
]

_LOG = logging.getLogger(__name__)
_DEFAULT_RELOCATION = "/var/lib/evenhand"
# Root's folders on the way to the cluster must be open to the server's account: search, not list.
_PRIVATE = 0o700
_SEARCHABLE = 0o711


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of one data folder. All paths are absolute and free of symbolic links."""

    data_dir: Path
    home: Path

    @property
    def base(self) -> Path:
        """Our own folder: never read by the server's account."""
        return base_of(self.data_dir)

    @property
    def cluster(self) -> Path:
        """The cluster: either absent or complete, since it appears by a rename."""
        return self.home / "cluster"

    @property
    def staging(self) -> Path:
        """Where initdb works. Whatever is found here is unfinished and may be deleted."""
        return self.home / "cluster.new"

    @property
    def binaries(self) -> Path:
        """Copies of programs that lie where the server's account cannot go."""
        return self.home / "binaries"

    @property
    def password(self) -> Path:
        """The superuser's password, mode 0600."""
        return self.base / "password"

    @property
    def log(self) -> Path:
        """The server's standard error."""
        return self.base / "log" / "server.log"


def base_of(data_dir: Path) -> Path:
    """Our folder inside a data folder."""
    return data_dir / "postgres"


def open_base(data_dir: Path) -> Path:
    """Create the data folder and our folder in it where they are missing; give the latter.

    Raises: ClusterRefused when the path cannot be written into PostgreSQL's own files.
    """
    if any(mark in str(data_dir) for mark in "\n\r\0"):
        raise ClusterRefused(f"the data folder's path {str(data_dir)!r} contains a line break")
    mode = _own_mode()
    if not data_dir.exists():
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        make_folder(data_dir, mode=mode)
    base = base_of(data_dir)
    make_folder(base, mode=mode)
    make_folder(base / "log", mode=_PRIVATE)
    return base


def existing_layout(data_dir: Path) -> Layout | None:
    """The layout whose cluster exists (or is recorded), else None. Changes nothing.

    Raises: ClusterRefused when the recorded place is gone.
    """
    base = base_of(data_dir)
    recorded = read_line(base / "location")
    if recorded is None:
        return Layout(data_dir, base) if (base / "cluster").exists() else None
    home = Path(recorded)
    if not home.is_dir():
        raise ClusterRefused(
            f"{base / 'location'} says that the database lies in {home}, which is not there. "
            f"Bring it back, or delete {base / 'location'} and {base / 'password'} to begin anew."
        )
    return Layout(data_dir, home)


def check_back_link(layout: Layout) -> None:
    """A relocated cluster serves one data folder: follow a move, refuse a copy.

    Raises: ClusterRefused when another data folder still claims the same cluster.
    """
    if layout.home == layout.base:
        return
    back_link = read_line(layout.home / "data-dir")
    if back_link == str(layout.data_dir):
        return
    if back_link is not None:
        rival = base_of(Path(back_link)) / "location"
        if rival.exists() and read_line(rival) == str(layout.home):
            raise ClusterRefused(
                f"{layout.data_dir} is a copy of {back_link}: both name the database in "
                f"{layout.home}. Use the first one, or restore a backup into a new folder."
            )
    _write_back_link(layout)


def new_layout(data_dir: Path, *, account: Account) -> Layout:
    """Choose and prepare the home of a cluster to be. Call with the start lock held.

    Raises: ClusterRefused when no place fits.
    """
    base = base_of(data_dir)
    if os.geteuid() != 0 or blocking_folder(base, account) is None:
        return Layout(data_dir, base)
    root = Path(os.path.realpath(os.environ.get("EVENHAND_PG_HOME") or _DEFAULT_RELOCATION))
    root.parent.mkdir(parents=True, exist_ok=True)
    make_folder(root, mode=_SEARCHABLE)
    closed = blocking_folder(root, account)
    found = root.stat()
    if closed is not None or found.st_uid != 0 or found.st_mode & 0o022:
        raise ClusterRefused(
            f"the server's account {account.name} cannot reach {base} (folder "
            f"{blocking_folder(base, account)} is closed to it), and {root} does not fit either: "
            f"it must belong to root, be writable by root only, and be open to {account.name}. "
            "Choose another --data folder, or set EVENHAND_PG_HOME."
        )
    layout = Layout(data_dir, _vacant_home(root, data_dir))
    # Crash here: the home is found again by its name, empty, and used.
    _write_back_link(layout)
    write_durably(base / "location", f"{layout.home}\n", mode=0o600, owner=None)
    _LOG.info("The database of %s lies in %s.", data_dir, layout.home)
    return layout


def place_hash(data_dir: Path) -> str:
    """A short name for a data folder: 16 hexadecimal digits of SHA-256 over its real path."""
    return hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]


def _vacant_home(root: Path, data_dir: Path) -> Path:
    name = place_hash(data_dir)
    for number in range(1, 1000):
        home = root / (name if number == 1 else f"{name}-{number}")
        if make_folder(home, mode=_SEARCHABLE) or not (home / "cluster").exists():
            return home
        # The data folder was deleted and made again. Its old cluster is not ours to delete.
        _LOG.warning("%s holds the database of a deleted %s; delete it yourself.", home, data_dir)
    raise ClusterRefused(f"{root} is full of databases of deleted folders; delete some of them.")


def _write_back_link(layout: Layout) -> None:
    write_durably(layout.home / "data-dir", f"{layout.data_dir}\n", mode=0o600, owner=None)


def _own_mode() -> int:
    return _SEARCHABLE if os.geteuid() == 0 else _PRIVATE
