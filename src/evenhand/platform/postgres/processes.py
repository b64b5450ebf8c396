"""Which process runs a cluster, told by what the kernel knows and not by a number in a file.

A pid in `postmaster.pid` may be dead, a zombie, or reused by a stranger. A process belongs to a
cluster when its program is `postgres` and it stands in the cluster's folder (the postmaster and
all its children do); a zombie stands nowhere.
"""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "PidFile",
    "adopt_child",
    "members",
    "parse_pid_file",
    "read_pid_file",
    "running_postmaster",
    "send_signal",
    "serves_cluster",
    "serves_cluster_by_ps",
]

_PROC = Path("/proc")
_PROGRAM = "postgres"


@dataclass(frozen=True, slots=True)
class PidFile:
    """`postmaster.pid`. While a server starts, its later lines are still missing (None)."""

    pid: int
    port: int | None
    socket_dir: str | None
    status: str | None


def parse_pid_file(text: str) -> PidFile | None:
    """Read the lines pid, folder, start time, port, socket folder, address, memory key, status.

    Returns None when not even the pid is there. Source: PostgreSQL, src/include/utils/pidfile.h.
    """
    lines = [line.strip() for line in text.split("\n")]
    try:
        # A stand-alone backend writes its pid negated; it is a process of the cluster too.
        pid = abs(int(lines[0]))
    except ValueError:
        return None
    if pid == 0:
        return None
    padded = [*lines, *[""] * 8]
    port = padded[3]
    return PidFile(
        pid=pid,
        port=int(port) if port.isascii() and port.isdigit() else None,
        socket_dir=padded[4] or None,
        status=padded[7] or None,
    )


def read_pid_file(cluster: Path) -> PidFile | None:
    """The cluster's pid file, whether or not it is stale."""
    try:
        text = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
    return parse_pid_file(text)


def running_postmaster(cluster: Path) -> PidFile | None:
    """The pid file of a live server on this cluster, else None."""
    found = read_pid_file(cluster)
    if found is None or not serves_cluster(found.pid, cluster):
        return None
    return found


def serves_cluster(pid: int, cluster: Path) -> bool:
    """Whether the process is alive, runs `postgres` and stands in `cluster`."""
    child = _CHILDREN.get(pid)
    if child is not None and child.poll() is not None:
        del _CHILDREN[pid]
    if not _PROC.joinpath("self").exists():
        return serves_cluster_by_ps(pid, cluster)
    entry = _PROC / str(pid)
    try:
        # Deleted programs read as "postgres (deleted)": an upgrade under a running server.
        program = (entry / "exe").readlink().name.split(" ")[0]
        return program == _PROGRAM and (entry / "cwd").samefile(cluster)
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        # Gone, a zombie, or a stranger's process.
        return False


def serves_cluster_by_ps(pid: int, cluster: Path) -> bool:
    """The same for systems without /proc: told by the command line, which names the cluster."""
    listed = subprocess.run(
        ["/bin/ps", "-ww", "-o", "stat=,command=", "-p", str(pid)],
        capture_output=True,
        check=False,
        text=True,
    ).stdout
    state, _, command = listed.strip().partition(" ")
    return bool(state) and state[0] != "Z" and _PROGRAM in command and f"{cluster} " in command


def members(cluster: Path) -> Iterator[int]:
    """Pids of all live processes of the cluster that this account may see."""
    if _PROC.is_dir():
        for entry in _PROC.iterdir():
            if entry.name.isdigit() and serves_cluster(int(entry.name), cluster):
                yield int(entry.name)


def send_signal(pid: int, number: signal.Signals) -> bool:
    """Send a signal; False when the process was gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def adopt_child(child: subprocess.Popen[bytes]) -> None:
    """Remember a server that is a child of this process, so that its end leaves no zombie."""
    _CHILDREN[child.pid] = child


# A fact about this process rather than about one object: whichever object looks, reaps.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
# A forked copy of this process has no such children.
os.register_at_fork(after_in_child=_CHILDREN.clear)
