"""Where tests put what they make: in memory where there is room, since a database waits for a disk.

What a kill leaves behind is the same on both; only a loss of power would tell them apart.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4_000_000_000


def memory() -> Path | None:
    """The file system in memory, if programs may run there and a whole run of the suite fits.

    A container often has one of 64 MB.
    """
    if not os.access(_MEMORY, os.W_OK | os.X_OK):
        return None
    if os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC:
        return None
    return _MEMORY if shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES else None


def open_folder() -> Path:
    """A short folder that the database's own account may traverse (pytest's own is closed as
    root).
    """
    place = Path(os.path.realpath(tempfile.mkdtemp(prefix="eh-", dir=memory())))
    place.chmod(0o711)
    return place
