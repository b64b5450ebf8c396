"""Start, find, await and end the one postmaster of a cluster.

Two facts keep it the only one. All of this runs with the start lock held. And the postmaster
inherits an open `server.lock`, which it and its children hold until the last of them is dead, so
"no process of a server that we started lives" is a question to the kernel, not to a pid file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .account import Account, spawn_identity
from .binaries import find_binaries, programs_environment, reachable_binaries
from .cluster import cluster_major, write_as_server
from .config import HBA, render_settings, server_settings
from .layout import Layout
from .locks import FileLock
from .model import PORT, ServerUnavailable
from .probe import Answer, probe
from .processes import adopt_child, members, read_pid_file, running_postmaster, send_signal
from .serverlog import log_size, log_tail, open_log, trim_log
from .sockets import clear_socket_folder, prepare_socket_folder, release_socket_folder, socket_path

if TYPE_CHECKING:
    from .binaries import Binaries
    from .processes import PidFile

__all__ = ["Launcher", "await_ready", "is_reachable", "shut_down", "socket_of"]

_TICK_S = 0.02
_PROBE_TIMEOUT_S = 2.0
# Crash recovery replays at most about max_wal_size; a slow disk takes its time over it.
_RECOVERY_TICKS = int(600 / _TICK_S)
# After a SIGKILL of the postmaster its children notice at their next wait; a busy one does not.
_ORPHANS_PATIENCE_S = 0.5
_ORPHANS_PATIENCE_TICKS = int(_ORPHANS_PATIENCE_S / _TICK_S)
_FAST_STOP_S = 60.0
_IMMEDIATE_STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class Launcher:
    """All that it takes to find or start the server of one data folder."""

    layout: Layout
    account: Account
    explicit_binaries: Path | None
    settings: Mapping[str, str]
    pause: Callable[[float], None]

    def ensure(self, *, may_replace: bool) -> tuple[PidFile, bool]:
        """A server that accepts sessions, and whether this call started it.

        Locks: call with the start lock held.
        May_replace: a server whose socket file has vanished is restarted instead of refused.
        Raises: ServerUnavailable with the last lines of the log.
        """
        lock = FileLock(self.layout.base / "server.lock")
        try:
            for tick in range(_RECOVERY_TICKS):
                is_free = lock.try_acquire()
                running = running_postmaster(self.layout.cluster)
                if running is None and is_free:
                    return self._launch(lock), True
                if running is not None:
                    # Whoever waits for the end of a server must not be kept waiting by us.
                    lock.close()
                    ready = self._adopt(running, may_replace=may_replace)
                    if ready is not None:
                        return ready, False
                elif tick >= _ORPHANS_PATIENCE_TICKS:
                    end_orphans(self.layout.cluster, hard=tick >= 2 * _ORPHANS_PATIENCE_TICKS)
                self.pause(_TICK_S)
        finally:
            lock.close()
        raise ServerUnavailable(
            f"a process of an earlier database server still lives and holds {lock.path}. End it, "
            "then start again."
        )

    def _adopt(self, running: PidFile, *, may_replace: bool) -> PidFile | None:
        """Wait for a server that others started; None when it ended meanwhile."""
        if is_reachable(running):
            return await_ready(self.layout, pause=self.pause)
        if not may_replace:
            raise ServerUnavailable(
                "the database server lives but its socket file is gone; the service that owns it "
                "restarts it. Try again."
            )
        shut_down(self.layout)
        return None

    def _launch(self, lock: FileLock) -> PidFile:
        """Start a postmaster and wait until it accepts sessions. No other one lives."""
        layout = self.layout
        # Stale, if it is there. PostgreSQL would believe in a pid that a stranger now has.
        (layout.cluster / "postmaster.pid").unlink(missing_ok=True)
        binaries = reachable_binaries(
            find_binaries(explicit=self.explicit_binaries, major=cluster_major(layout.cluster)),
            copies=layout.binaries,
            account=self.account,
        )
        self._write_settings(binaries)
        sockets = prepare_socket_folder(layout.data_dir, account=self.account)
        clear_socket_folder(sockets)
        trim_log(layout.log)
        log_start = log_size(layout.log)
        child = self._spawn(binaries, sockets=sockets, lock=lock)
        # From here on only the server holds its lock.
        lock.close()
        # Crash here: the server lives on, and the next start finds and adopts it.
        try:
            ready = await_ready(layout, pause=self.pause, child=child)
        except BaseException:
            shut_down(layout)
            release_socket_folder(sockets)
            raise
        if ready is None:
            release_socket_folder(sockets)
            raise ServerUnavailable(
                f"PostgreSQL {binaries.version[0]}.{binaries.version[1]} did not start. It said: "
                f"{log_tail(layout.log, start=log_start) or 'nothing'} (log: {layout.log})"
            )
        return ready

    def _write_settings(self, binaries: Binaries) -> None:
        settings = server_settings(
            major=binaries.major, has_lz4=binaries.has_lz4(), overrides=self.settings
        )
        for name, text in (
            ("postgresql.conf", render_settings(settings)),
            ("pg_hba.conf", HBA),
        ):
            write_as_server(self.layout.cluster / name, text, account=self.account)

    def _spawn(
        self, binaries: Binaries, *, sockets: Path, lock: FileLock
    ) -> subprocess.Popen[bytes]:
        log = open_log(self.layout.log)
        try:
            child = subprocess.Popen(
                [
                    binaries.program("postgres"),
                    "-D",
                    self.layout.cluster,
                    # On the command line, ALTER SYSTEM cannot open a door.
                    *("-c", f"unix_socket_directories={sockets}"),
                    *("-c", "listen_addresses="),
                    *("-c", f"hba_file={self.layout.cluster / 'pg_hba.conf'}"),
                    *("-c", f"port={PORT}"),
                ],
                cwd="/",
                env=programs_environment(),
                pass_fds=(lock.descriptor,),
                start_new_session=True,
                stderr=log,
                stdin=subprocess.DEVNULL,
                stdout=log,
                umask=0o077,
                **spawn_identity(self.account),
            )
        finally:
            os.close(log)
        adopt_child(child)
        return child


def socket_of(running: PidFile) -> str | None:
    """The socket file of a server, None while it has not written it down."""
    if running.port is None or running.socket_dir is None:
        return None
    return socket_path(running.socket_dir, running.port)


def is_reachable(running: PidFile) -> bool:
    """False for a server that was ready and whose socket file somebody has deleted since."""
    path = socket_of(running)
    return running.status != "ready" or (path is not None and Path(path).exists())


def await_ready(
    layout: Layout,
    *,
    pause: Callable[[float], None],
    child: subprocess.Popen[bytes] | None = None,
) -> PidFile | None:
    """Wait until the cluster's server accepts sessions; None when it ended instead.

    Child: the process just started, which has perhaps not written its pid file yet.
    Raises: ServerUnavailable when it stays silent for the longest time a recovery may take.
    """
    for _ in range(_RECOVERY_TICKS):
        # Order matters: a child that dies after this line is seen dead in the next round.
        is_alive = child is not None and child.poll() is None
        running = running_postmaster(layout.cluster)
        if running is None and not is_alive:
            return None
        path = socket_of(running) if running else None
        if running and path and probe(path, timeout_s=_PROBE_TIMEOUT_S) is Answer.ACCEPTS:
            return running
        pause(_TICK_S)
    raise ServerUnavailable(
        f"the database server does not become ready (log: {layout.log}). It may be recovering "
        "from a crash on a slow disk; try again later."
    )


def end_orphans(cluster: Path, *, hard: bool) -> None:
    """End backends that outlived their postmaster. They can commit nothing any more.

    While one lives it stays attached to the shared memory and no new postmaster may start.
    """
    number = signal.SIGKILL if hard else signal.SIGQUIT
    for pid in list(members(cluster)):
        send_signal(pid, number)


def shut_down(layout: Layout) -> None:
    """End the cluster's server: fast, then immediate, then by SIGKILL (a paused one).

    The latter two are crashes and as safe as one: the next start recovers all that was committed.

    Returns when every process of it is gone. Raises: ServerUnavailable when one stays.
    """
    lock = FileLock(layout.base / "server.lock")
    last = read_pid_file(layout.cluster)
    try:
        for number, patience_s in (
            (signal.SIGINT, _FAST_STOP_S),
            (signal.SIGQUIT, _IMMEDIATE_STOP_S),
            (signal.SIGKILL, _IMMEDIATE_STOP_S),
        ):
            if _ends_within(patience_s, number=number, cluster=layout.cluster, lock=lock):
                if last is not None and last.socket_dir is not None:
                    release_socket_folder(Path(last.socket_dir))
                return
    finally:
        lock.close()
    raise ServerUnavailable(
        f"the database server does not stop (log: {layout.log}); a process of it still holds "
        f"{lock.path}. The disk may hang."
    )


def _ends_within(
    patience_s: float, *, number: signal.Signals, cluster: Path, lock: FileLock
) -> bool:
    """Signal the postmaster, as soon as it is known, and wait for the end of all processes."""
    signalled: int | None = None
    begun = time.monotonic()
    while time.monotonic() < begun + patience_s:
        # Reading the pid file also reaps a child of ours.
        running = running_postmaster(cluster)
        if running is None and lock.try_acquire():
            return True
        if running is not None and running.pid != signalled:
            send_signal(running.pid, number)
            signalled = running.pid
        if running is None and time.monotonic() > begun + _ORPHANS_PATIENCE_S:
            end_orphans(cluster, hard=time.monotonic() > begun + 2 * _ORPHANS_PATIENCE_S)
        time.sleep(_TICK_S)
    return False
