"""The server's log file: its standard error, bounded in size.

PostgreSQL's own collector would be one more process and bounds age, not size. The file is opened
for appending, so cutting it under a running server is safe: the next line lands at the new end.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LOG_BYTES_MAX", "log_size", "log_tail", "open_log", "trim_log"]

LOG_BYTES_MAX = 4 * 2**20
_TAIL_BYTES = 2000


def open_log(path: Path) -> int:
    """Open the log for appending, mode 0600; the caller closes the descriptor."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def log_size(path: Path) -> int:
    """Size in bytes; 0 when there is no log yet."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def log_tail(path: Path, *, start: int) -> str:
    """What was written after byte `start`, its last lines only."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(start, log_size(path) - _TAIL_BYTES))
            return stream.read(_TAIL_BYTES).decode(errors="replace").strip()
    except FileNotFoundError:
        return ""


def trim_log(path: Path, *, bytes_max: int = LOG_BYTES_MAX) -> bool:
    """Keep one predecessor and begin anew once the log has more than `bytes_max` bytes."""
    if log_size(path) <= bytes_max:
        return False
    older = path.with_name(f"{path.name}.1")
    # Lines written between copy and cut are lost. They are diagnostics, not records.
    shutil.copyfile(path, older)
    older.chmod(0o600)
    os.truncate(path, 0)
    return True
