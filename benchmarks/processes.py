"""What processes cost, from Linux's /proc: CPU seconds and memory of a tree of processes.

Units: CPU in seconds (proc(5), `stat`, fields utime and stime in clock ticks); memory in bytes. PSS
shares each page among the processes that map it, so that sums are honest; RSS counts it in each.
"""

from __future__ import annotations

import contextlib
import os
import resource
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CpuUse",
    "Memory",
    "MemoryWatch",
    "Peaks",
    "cpu_of",
    "machine_line",
    "memory_of",
    "own_cpu_s",
    "tree_of",
]

_PROC = Path("/proc")
_TICKS_PER_S: int = os.sysconf("SC_CLK_TCK")
_KIB = 1024


@dataclass(frozen=True, slots=True)
class CpuUse:
    """CPU seconds by who spent them: the web processes one by one, the database as one."""

    web_s: tuple[float, ...]
    database_s: float

    def since(self, before: CpuUse) -> CpuUse:
        """What was spent after `before`; a process that has come newly counts in full."""
        spent = [
            now - (before.web_s[place] if place < len(before.web_s) else 0.0)
            for place, now in enumerate(self.web_s)
        ]
        return CpuUse(tuple(spent), self.database_s - before.database_s)


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of one process."""

    pid: int
    name: str
    of_database: bool
    pss_bytes: int
    rss_bytes: int


def tree_of(root: int) -> list[int]:
    """The process and all that descend from it, parents first, by ascending id."""
    children: dict[int, list[int]] = {}
    for pid, fields in _stats():
        children.setdefault(int(fields[1]), []).append(pid)
    found = [root]
    for pid in found:
        found += sorted(children.get(pid, ()))
    return found


def cpu_of(root: int) -> CpuUse:
    """CPU of the tree so far. A process that has ended counts with its parent: a backend of the
    database, or the preparation process of a large import.
    """
    tree = set(tree_of(root))
    web: dict[int, float] = {}
    database = 0.0
    for pid, fields in _stats():
        if pid not in tree:
            continue
        own = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
        ended = (int(fields[13]) + int(fields[14])) / _TICKS_PER_S
        if _is_database(pid):
            database += own + ended
        else:
            web[pid] = own + ended
    return CpuUse(tuple(web[pid] for pid in sorted(web)), database)


def memory_of(root: int) -> list[Memory]:
    """Memory of each process of the tree; one that ends meanwhile is left out."""
    found: list[Memory] = []
    for pid in tree_of(root):
        with contextlib.suppress(OSError):
            rollup = (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii")
            sizes = {
                name: int(rest.split()[0]) * _KIB
                for name, _, rest in (line.partition(":") for line in rollup.splitlines()[1:])
            }
            found.append(Memory(pid, _name_of(pid), _is_database(pid), sizes["Pss"], sizes["Rss"]))
    return found


@dataclass(frozen=True, slots=True)
class Peaks:
    """The highest sums seen so far."""

    web_pss_bytes: int = 0
    web_rss_bytes: int = 0
    database_pss_bytes: int = 0
    client_pss_bytes: int = 0


class MemoryWatch:
    """Samples the memory of a service's tree and of this process in a thread."""

    def __init__(self, root: int, *, every_s: float = 0.5) -> None:
        self._root = root
        self._every_s = every_s
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)
        self.peaks = Peaks()

    def __enter__(self) -> Self:
        """Begin to sample, with one sample at once."""
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._sample()

    def _run(self) -> None:
        while not self._done.wait(self._every_s):
            self._sample()

    def _sample(self) -> None:
        seen = memory_of(self._root)
        web = [one for one in seen if not one.of_database]
        now = Peaks(
            sum(one.pss_bytes for one in web),
            sum(one.rss_bytes for one in web),
            sum(one.pss_bytes for one in seen if one.of_database),
            sum(one.pss_bytes for one in memory_of(os.getpid()) if one.pid == os.getpid()),
        )
        self.peaks = Peaks(
            max(self.peaks.web_pss_bytes, now.web_pss_bytes),
            max(self.peaks.web_rss_bytes, now.web_rss_bytes),
            max(self.peaks.database_pss_bytes, now.database_pss_bytes),
            max(self.peaks.client_pss_bytes, now.client_pss_bytes),
        )


def own_cpu_s() -> float:
    """CPU seconds of this process so far, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def machine_line() -> str:
    """Cores and load, to stand beside each number."""
    one, five, _ = os.getloadavg()
    return f"{os.cpu_count()} cores, load {one:.1f} (1 min) {five:.1f} (5 min)"


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Id and the fields of `stat` after the name: state first (field 3 of proc(5))."""
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
                yield int(folder.name), text.rpartition(")")[2].split()


def _name_of(pid: int) -> str:
    said = (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return said.strip()


def _is_database(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "comm").read_text(encoding="utf-8").startswith("postgres")
    return False
