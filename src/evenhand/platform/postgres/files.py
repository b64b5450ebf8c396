"""Small durable file operations: after each returns, a power cut cannot undo it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_folder", "read_line", "sync_folder", "write_durably"]


def make_folder(path: Path, *, mode: int) -> bool:
    """Create one folder with exactly `mode`, whatever the umask.

    Returns whether it was created; an existing folder keeps its mode.
    """
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        if not path.is_dir():
            raise
        return False
    path.chmod(mode)
    sync_folder(path.parent)
    return True


def write_durably(path: Path, text: str, *, mode: int, owner: tuple[int, int] | None) -> None:
    """Replace `path` in one step. `owner` is (uid, gid) to give the file to, or None."""
    fresh = path.with_name(f".{path.name}.new")
    # A leftover of an earlier crash is removed first, so that O_EXCL gives the mode its meaning.
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(descriptor, mode)
        if owner is not None:
            os.fchown(descriptor, *owner)
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)
    fresh.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names inside `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_line(path: Path) -> str | None:
    """The text of a one-line file without its line end, or None when there is no such file."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\n")
    except FileNotFoundError:
        return None
