"""Serve: one process, or a parent with several web processes on one socket.

With one worker everything runs in this process. With more, the parent holds the socket and the
embedded database and starts the web processes; the app's login goes to them through a pipe, never
through arguments or the environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from evenhand.platform.errors import Unavailable
from evenhand.platform.migrations import AppLogin
from evenhand.platform.postgres import EmbeddedPostgres
from evenhand.platform.settings import DATABASE_URL_VARIABLE, Settings
from evenhand.transparency import load_witness_policy

from .compose import running_service
from .database import address_of_url, embedded_address, prepare
from .http import create_app
from .protocol import Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Sequence

__all__ = ["serve", "serve_socket", "settings_of", "started"]

_LOG = logging.getLogger(__name__)
_GRACE_S = 10
# A request leaves no cycles behind; looking for them after every 700 objects is work for nothing.
_COLLECT_AFTER = (20_000, 20, 20)
_RESTART_PAUSE_S = 0.5


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the process has more to stop than the server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _bind(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"Port {settings.port} of {settings.host} cannot be used ({error.strerror}); choose"
            " another with --port.",
            code="port_taken",
        ) from error
    listener.listen(2048)
    listener.setblocking(False)
    return listener


def url_of(settings: Settings, listener: socket.socket) -> str:
    """Where a browser finds the service."""
    port = listener.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}"


async def serve_socket(
    settings: Settings,
    login: AppLogin,
    listener: socket.socket,
    *,
    stop: asyncio.Event,
    ready: asyncio.Event,
) -> None:
    """One web process's life: until `stop`, then the requests in flight are finished."""
    async with running_service(settings, login) as service:
        config = uvicorn.Config(
            create_app(service),
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=_GRACE_S,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        # uvicorn has no event for its start, only the attribute.
        while not server.started and not serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        # What was imported lives as long as the process: the collector need not walk it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        ready.set()
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping, *service.vital}, return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in service.vital if task.done()]
        service.board.close()
        server.should_exit = True
        stopping.cancel()
        await serving
        _check_vital(ended)


def _check_vital(ended: Sequence[asyncio.Task[None]]) -> None:
    """A process without its log would refuse every look until somebody restarts it: end instead.

    Raises:
        Unavailable: a background task ended by itself, which is a fault of ours.
    """
    for task in ended:
        error = None if task.cancelled() else task.exception()
        raise Unavailable(
            f"A part of the service ended by itself ({task.get_name()}:"
            f" {type(error).__name__}); start it again.",
            code="fault",
        )


@contextlib.asynccontextmanager
async def started(
    settings: Settings, *, workers: int = 1, ended: asyncio.Event | None = None
) -> AsyncGenerator[tuple[str, AppLogin]]:
    """A running service until the block ends: gives its URL and the app's login.

    The embedded database, when there is one, is supervised meanwhile and stopped at the end.
    `ended` is set when the service ends by itself; leaving the block then raises why.
    """
    settings.make_data_dir()
    if settings.witness_policy is not None:
        # Each web process reads it too; what is wrong with it is said here, once.
        load_witness_policy(settings.witness_policy)
    server: EmbeddedPostgres | None = None
    supervising: asyncio.Task[None] | None = None
    listener = _bind(settings)
    stop, ready = asyncio.Event(), asyncio.Event()
    try:
        if settings.database_url is None:
            server = EmbeddedPostgres(settings.data_dir)
            admin = await asyncio.to_thread(embedded_address, server)
            supervising = asyncio.create_task(server.supervise(), name="postgres")
        else:
            admin = address_of_url(settings.database_url)
        login = await prepare(admin)
        life = (
            serve_socket(settings, login, listener, stop=stop, ready=ready)
            if workers == 1
            else _serve_children(settings, login, listener, workers, stop=stop, ready=ready)
        )
        serving = asyncio.create_task(life, name="serving")
        if ended is not None:
            serving.add_done_callback(lambda _: ended.set())
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        try:
            yield url_of(settings, listener), login
        finally:
            stop.set()
            await serving
    finally:
        listener.close()
        if supervising is not None:
            supervising.cancel()
            await asyncio.gather(supervising, return_exceptions=True)
        if server is not None:
            await asyncio.to_thread(server.stop)


async def serve(settings: Settings, *, workers: int, ready_file: Path | None) -> None:
    """`evenhand up`: serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    async with started(settings, workers=workers, ended=asked) as (url, _):
        if ready_file is not None:
            fresh = ready_file.with_name(ready_file.name + ".new")
            fresh.write_text(json.dumps({"url": url, "pid": os.getpid()}))
            fresh.replace(ready_file)
        print(f"ready {url}", flush=True)
        await asked.wait()


async def _serve_children(
    settings: Settings,
    login: AppLogin,
    listener: socket.socket,
    workers: int,
    *,
    stop: asyncio.Event,
    ready: asyncio.Event,
) -> None:
    """Start the web processes, start again what dies, end them all at `stop`."""
    told = [asyncio.Event() for _ in range(workers)]
    keepers = [
        asyncio.create_task(_keep_child(settings, login, listener, stop=stop, ready=one))
        for one in told
    ]
    everybody = asyncio.gather(*(one.wait() for one in told))
    everybody.add_done_callback(lambda _: ready.set())
    try:
        await asyncio.gather(*keepers)
    except Unavailable:
        stop.set()
        await asyncio.gather(*keepers, return_exceptions=True)
        raise
    finally:
        everybody.cancel()


async def _keep_child(
    settings: Settings,
    login: AppLogin,
    listener: socket.socket,
    *,
    stop: asyncio.Event,
    ready: asyncio.Event,
) -> None:
    message = json.dumps(
        {
            "settings": {
                "data_dir": str(settings.data_dir),
                "host": settings.host,
                "port": settings.port,
                "pool_size": settings.pool_size,
                "witness_policy": settings.witness_policy and str(settings.witness_policy),
            },
            "address": login.address,
            "token_secret": login.token_secret.hex(),
            "fd": listener.fileno(),
        }
    )
    while not stop.is_set():
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "evenhand.app.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=(listener.fileno(),),
            # The administrator's URL holds a password and is no business of a web process.
            env={
                name: value for name, value in os.environ.items() if name != DATABASE_URL_VARIABLE
            },
        )
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("a child has pipes")
        child.stdin.write(message.encode() + b"\n")
        # The pipe stays open: its end tells the child that the parent is gone.
        await child.stdin.drain()
        if await child.stdout.readline():
            ready.set()
        ended = asyncio.create_task(child.wait())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ended.done():
            child.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(ended), _GRACE_S + 5)
            if not ended.done():
                child.kill()
                await ended
            return
        if not ready.is_set():
            # Where the first one cannot start, the next one cannot either.
            raise Unavailable(
                "A web process ended before it was ready; its own message stands above.",
                code="fault",
            )
        _LOG.error("a web process ended with %s; starting another", child.returncode)
        await asyncio.sleep(_RESTART_PAUSE_S)


def settings_of(message: dict[str, Any]) -> tuple[Settings, AppLogin, int]:
    """What the parent wrote: settings, login and the listener's descriptor."""
    given = message["settings"]
    policy = given.get("witness_policy")
    options: dict[str, Any] = {
        **given,
        "data_dir": Path(given["data_dir"]),
        "witness_policy": policy and Path(policy),
    }
    settings = Settings(**options)
    login = AppLogin(
        address=message["address"], token_secret=bytes.fromhex(message["token_secret"])
    )
    return settings, login, message["fd"]
