"""Advisory file locks that the kernel releases when the last holder dies.

flock(2) locks belong to the open file description. Two objects of one process therefore exclude
each other, and a child that is given the descriptor on purpose (initdb, the postmaster and all its
backends) holds the lock for as long as it lives, whatever happens to us. Descriptors are closed on
exec, and a forked copy of this process drops its own copies at birth, so nobody holds by accident.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from weakref import WeakSet

from .model import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

__all__ = ["FileLock", "holding"]

_LOCK_MODE = 0o600


class FileLock:
    """One lock file. The file stays on disk: unlinking a lock file opens a race."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        _ALIVE.add(self)

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    @property
    def descriptor(self) -> int:
        """The open descriptor, to be passed to a child that shall hold the lock too.

        Raises: RuntimeError when the lock is not held.
        """
        if self._descriptor is None:
            raise RuntimeError(f"the lock {self.path} is not held")
        return self._descriptor

    def try_acquire(self, *, shared: bool = False) -> bool:
        """Take the lock if it is free (or held already by this object), without waiting."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _LOCK_MODE)
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def close(self) -> None:
        """Give up our hold. Children that were given the descriptor keep theirs."""
        # No LOCK_UN: it would release the lock for every holder of the description.
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextmanager
def holding(lock: FileLock, *, attempts: int, pause: Callable[[], None]) -> Generator[FileLock]:
    """Hold `lock` exclusively, calling `pause` between at most `attempts` tries.

    Raises: ServerUnavailable when another process keeps it all the time.
    """
    for _ in range(attempts):
        if lock.try_acquire():
            break
        pause()
    else:
        raise ServerUnavailable(
            f"another process has been starting or stopping this database for too long "
            f"(it holds {lock.path}). Wait for it, or end it, and try again."
        )
    try:
        yield lock
    finally:
        lock.close()


_ALIVE: WeakSet[FileLock] = WeakSet()


def _drop_in_forked_child() -> None:
    for lock in list(_ALIVE):
        lock.close()


os.register_at_fork(after_in_child=_drop_in_forked_child)
