"""One data folder's PostgreSQL server: who starts it, who owns it, who stops it.

Four lock files in `DATA/postgres`, all released by the kernel when their holders die:

- `start.lock`: held while somebody makes, starts, adopts or stops the server (and by initdb).
- `server.lock`: held by the server's own processes.
- `owner.lock`: held for as long as an object is the owner, the one that will stop the server.
- `heir.lock`: held (shared) by a supervisor that is not the owner. An owner that is done, say a
  command that happened to come before the service, leaves the server to it instead of stopping.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .account import server_account
from .binaries import find_binaries, reachable_binaries
from .cluster import check_cluster, cluster_major, create_cluster, read_password
from .config import check_overrides
from .layout import Layout, base_of, check_back_link, existing_layout, new_layout, open_base
from .locks import FileLock, holding
from .model import (
    DATABASE,
    SUPERUSER,
    ServerAddress,
    ServerUnavailable,
)
from .postmaster import Launcher, is_reachable, shut_down, socket_of
from .probe import Answer, probe
from .processes import running_postmaster
from .serverlog import trim_log
from .session import admit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType

    from .processes import PidFile

__all__ = ["EmbeddedPostgres"]

_LOG = logging.getLogger(__name__)
_POLL_S = 0.1
_TRIM_EVERY_POLLS = 20
_PROBE_TIMEOUT_S = 1.0
_LOCK_TICK_S = 0.02
# A starter may have to wait for another one's initdb or crash recovery.
_LOCK_ATTEMPTS = int(660 / _LOCK_TICK_S)
_FIRST_BACKOFF_S = 0.1
_LONGEST_BACKOFF_S = 5.0
_RESTART_ATTEMPTS = 10


class EmbeddedPostgres:
    """The server of one data folder, as a service or a command beside it sees it.

    Threads: methods may be called from several; start and stop exclude each other.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        binaries: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._data_dir = Path(os.path.realpath(data_dir))
        self._explicit_binaries = binaries
        self._settings = check_overrides(settings or {})
        self._base = base_of(self._data_dir)
        self._owner = FileLock(self._base / "owner.lock")
        self._mutex = threading.RLock()
        # Set to make a start that waits give up.
        self._hurry = threading.Event()
        self._is_wanted = False
        self._running: PidFile | None = None

    def __enter__(self) -> ServerAddress:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def owned(self) -> bool:
        """Whether this object is the one that will stop the server."""
        return self._owner.held

    def start(self) -> ServerAddress:
        """Make the cluster if there is none, adopt its server or start one, and wait for it.

        Idempotent. The caller becomes the owner unless a living one exists.
        Raises: BinariesMissing, ClusterRefused, ServerUnavailable.
        """
        with self._mutex:
            had_owned = self._owner.held
            try:
                address = self._start()
            except OSError as error:
                self._let_go(unless=had_owned)
                raise ServerUnavailable(
                    f"the database in {self._data_dir} cannot be started: {error}"
                ) from error
            except BaseException:
                self._let_go(unless=had_owned)
                raise
            self._is_wanted = True
            return address

    def stop(self) -> None:
        """If we own the server: end it and wait until all its processes are gone.

        An owner with an heir hands the running server over instead. Idempotent.
        Raises: ServerUnavailable when it does not stop.
        """
        self._is_wanted = False
        self._hurry.set()
        with self._mutex:
            self._hurry.clear()
            self._is_wanted = False
            if not self._owner.held:
                return
            with self._start_lock():
                heir = FileLock(self._base / "heir.lock")
                try:
                    layout = existing_layout(self._data_dir)
                    if heir.try_acquire() and layout is not None:
                        shut_down(layout)
                finally:
                    heir.close()
                self._owner.close()

    def is_running(self) -> bool:
        """Whether a server on this cluster accepts sessions, found out by connecting."""
        layout = existing_layout(self._data_dir)
        running = running_postmaster(layout.cluster) if layout else None
        path = socket_of(running) if running else None
        return path is not None and probe(path, timeout_s=_PROBE_TIMEOUT_S) is Answer.ACCEPTS

    def program(self, name: str) -> Path:
        """The path of a client program (`pg_dump`, `psql`) of the cluster's own version.

        Raises: BinariesMissing.
        """
        layout = existing_layout(self._data_dir)
        major = cluster_major(layout.cluster) if layout and layout.cluster.exists() else None
        return find_binaries(explicit=self._explicit_binaries, major=major).program(name)

    async def supervise(self, on_restart: Callable[[], None] | None = None) -> None:
        """Restart the server whenever it dies, until stop or cancellation.

        A death is noticed within 0.1 s. `on_restart` is called in this loop after every change of
        server, whoever caused it: pooled connections are dead then. A supervisor without ownership
        takes over when the owner ends.
        Raises: ServerUnavailable after ten failed starts in a row (about 25 s), or at once what no
        repetition heals (BinariesMissing, ClusterRefused).
        """
        if not self._is_wanted:
            raise ServerUnavailable("start the server before supervising it.")
        heir = FileLock(self._base / "heir.lock")
        polls = 0
        try:
            while self._is_wanted:
                known = self._running
                if not self._is_healthy():
                    await self._restart_until_it_works()
                if self._running != known and self._is_wanted and on_restart is not None:
                    on_restart()
                self._seek_ownership(heir)
                polls += 1
                if polls % _TRIM_EVERY_POLLS == 0:
                    trim_log(self._log_path)
                await asyncio.sleep(_POLL_S)
        finally:
            heir.close()

    @property
    def _log_path(self) -> Path:
        return Layout(self._data_dir, self._base).log

    def _start(self) -> ServerAddress:
        open_base(self._data_dir)
        with self._start_lock() as lock:
            layout = existing_layout(self._data_dir)
            if layout is None or not layout.cluster.exists():
                layout = self._create(layout, lock_descriptor=lock.descriptor)
            check_back_link(layout)
            check_cluster(layout)
            launcher = Launcher(
                layout=layout,
                account=server_account(cluster=layout.cluster),
                explicit_binaries=self._explicit_binaries,
                settings=self._settings,
                pause=self._pause,
            )
            running, is_ours = launcher.ensure(may_replace=self._owner.try_acquire())
            address = ServerAddress(
                host=running.socket_dir or "",
                port=running.port or 0,
                user=SUPERUSER,
                password=read_password(layout),
                database=DATABASE,
            )
            try:
                admit(address)
            except BaseException:
                if is_ours:
                    shut_down(layout)
                raise
            self._note(running)
            return address

    def _create(self, layout: Layout | None, *, lock_descriptor: int) -> Layout:
        account = server_account(cluster=self._base / "cluster")
        if layout is None:
            layout = new_layout(self._data_dir, account=account)
        binaries = reachable_binaries(
            find_binaries(explicit=self._explicit_binaries, major=None),
            copies=layout.binaries,
            account=account,
        )
        create_cluster(layout, binaries=binaries, account=account, lock_descriptor=lock_descriptor)
        return layout

    def _start_lock(self) -> AbstractContextManager[FileLock]:
        return holding(
            FileLock(self._base / "start.lock"),
            attempts=_LOCK_ATTEMPTS,
            pause=lambda: self._pause(_LOCK_TICK_S),
        )

    def _pause(self, seconds: float) -> None:
        if self._hurry.wait(seconds):
            raise ServerUnavailable("starting the database was called off.")

    def _let_go(self, *, unless: bool) -> None:
        if not unless:
            self._owner.close()

    def _note(self, running: PidFile) -> None:
        # The status line changes over a server's life; the rest identifies it.
        self._running = replace(running, status=None)

    def _is_healthy(self) -> bool:
        layout = existing_layout(self._data_dir)
        running = running_postmaster(layout.cluster) if layout else None
        if running is None or not is_reachable(running):
            return False
        self._note(running)
        return True

    def _seek_ownership(self, heir: FileLock) -> None:
        if self._owner.held:
            return
        # Registered first: an owner that stops from now on leaves the server to us.
        heir.try_acquire(shared=True)
        if self._owner.try_acquire():
            _LOG.info("Took over the database server of %s.", self._data_dir)
            heir.close()

    async def _restart_until_it_works(self) -> None:
        delay_s = _FIRST_BACKOFF_S
        for attempt in range(1, _RESTART_ATTEMPTS + 1):
            _LOG.warning("The database server of %s is gone; starting it.", self._data_dir)
            try:
                await self._restart_in_thread()
            except ServerUnavailable as error:
                if not self._is_wanted:
                    return
                if attempt == _RESTART_ATTEMPTS:
                    raise
                _LOG.error("Starting failed (attempt %d): %s", attempt, error.detail)
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, _LONGEST_BACKOFF_S)
            else:
                return

    async def _restart_in_thread(self) -> None:
        work = asyncio.ensure_future(asyncio.to_thread(self._restart))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            # A thread cannot be cancelled. It must not start a server after we have returned.
            self._hurry.set()
            await asyncio.wait([work])
            self._hurry.clear()
            # Its failure, if any, is the one we have just asked for.
            work.exception()
            raise

    def _restart(self) -> None:
        with self._mutex:
            if self._is_wanted:
                self.start()
