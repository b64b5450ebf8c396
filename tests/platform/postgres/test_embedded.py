"""Life and death of real servers: who starts, adopts, restarts and stops them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from evenhand.platform.errors import Invalid
from evenhand.platform.postgres import (
    EmbeddedPostgres,
    ServerAddress,
    ServerUnavailable,
    embedded,
    postmaster,
)
from evenhand.platform.postgres.processes import members, read_pid_file

Make = Callable[..., EmbeddedPostgres]

# How asyncpg reports a server that dies; the last one when a query follows the farewell message.
_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

# Starts the server, says what it became, and stays until it is killed or its input ends.
_STARTER = """
import json, sys
from pathlib import Path
from typing import Any
from evenhand.platform.postgres import EmbeddedPostgres
from evenhand.platform.postgres.probe import Answer
from evenhand.platform.postgres.processes import read_pid_file
server = EmbeddedPostgres(Path(sys.argv[1]), binaries=Path(sys.argv[2]))
server.start()
pid = read_pid_file(Path(sys.argv[1]) / "postgres" / "cluster").pid
print(json.dumps({"owned": server.owned, "pid": pid}), flush=True)
sys.stdin.read()
server.stop()
"""


async def connect(address: ServerAddress, **changed: Any) -> asyncpg.Connection:
    given: dict[str, Any] = {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": address.password,
        "database": address.database,
        "timeout": 5,
    }
    return await asyncpg.connect(**{**given, **changed})


async def fetchval(address: ServerAddress, query: str) -> object:
    link = await connect(address)
    try:
        return await link.fetchval(query)
    finally:
        await link.close()


def postmaster_pid(data_dir: Path) -> int:
    found = read_pid_file(data_dir / "postgres" / "cluster")
    assert found is not None
    return found.pid


def socket_file(address: ServerAddress) -> Path:
    return Path(address.host, f".s.PGSQL.{address.port}")


def spawn_starter(data_dir: Path, pg_bin: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _STARTER, data_dir, pg_bin],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(child: subprocess.Popen[str]) -> None:
    child.communicate(timeout=60)
    assert child.returncode == 0


async def wait_until(condition: Callable[[], bool], *, timeout_s: float = 15.0) -> float:
    """Seconds that it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < timeout_s, "condition did not come true in time"
        await asyncio.sleep(0.01)
    return time.monotonic() - begun


async def cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cold_start_then_warm_start_keeps_the_data(make: Make, data_dir: Path) -> None:
    server = make()
    assert not server.is_running()
    address = server.start()
    assert server.owned
    assert server.is_running()
    assert server.start() == address
    link = await connect(address)
    await link.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)")
    await link.close()
    server.stop()
    server.stop()
    assert not server.owned
    assert not server.is_running()
    assert not list(members(data_dir / "postgres" / "cluster"))
    assert not socket_file(address).parent.exists()
    with make() as again:
        assert await fetchval(again, "SELECT n FROM kept") == 42


def test_a_command_beside_a_living_owner_attaches_and_never_stops(make: Make) -> None:
    owner, command = make(), make()
    address = owner.start()
    assert command.start() == address
    assert not command.owned
    command.stop()
    assert owner.is_running()
    owner.stop()
    assert not command.is_running()


def test_a_killed_owner_leaves_a_server_that_the_next_start_adopts(
    make: Make, data_dir: Path, pg_bin: Path
) -> None:
    child = spawn_starter(data_dir, pg_bin)
    assert child.stdout is not None
    said = json.loads(child.stdout.readline())
    assert said["owned"] is True
    bystander = make()
    bystander.start()
    assert not bystander.owned
    child.kill()
    child.communicate()
    assert os.getsid(said["pid"]) == said["pid"]
    heir = make()
    heir.start()
    assert heir.owned
    assert postmaster_pid(data_dir) == said["pid"]
    heir.stop()
    assert not bystander.is_running()


def test_concurrent_starters_make_one_cluster_and_one_server(data_dir: Path, pg_bin: Path) -> None:
    children = [spawn_starter(data_dir, pg_bin) for _ in range(4)]
    said = [json.loads(child.stdout.readline()) for child in children if child.stdout]
    assert len({one["pid"] for one in said}) == 1
    assert sorted(one["owned"] for one in said) == [False, False, False, True]
    owner = next(child for child, one in zip(children, said, strict=True) if one["owned"])
    for child in children:
        if child is not owner:
            finish(child)
    os.kill(said[0]["pid"], 0)
    finish(owner)
    with pytest.raises(ProcessLookupError):
        os.kill(said[0]["pid"], 0)


async def test_kills_of_the_postmaster_lose_no_acknowledged_commit(
    make: Make, data_dir: Path
) -> None:
    server = make()
    address = server.start()
    link = await connect(address)
    await link.execute("CREATE TABLE acked (n int PRIMARY KEY)")
    await link.close()
    restarts: list[float] = []
    task = asyncio.create_task(server.supervise(lambda: restarts.append(time.monotonic())))
    acknowledged: set[int] = set()
    number = 0

    async def write() -> None:
        nonlocal number
        while True:
            try:
                link = await connect(address)
            except _LOST:
                await asyncio.sleep(0.01)
                continue
            try:
                while True:
                    number += 1
                    await link.execute(f"INSERT INTO acked VALUES ({number})")
                    acknowledged.add(number)
            except _LOST:
                await asyncio.sleep(0.01)
            finally:
                link.terminate()

    writer = asyncio.create_task(write())
    for kill in range(1, 4):
        seen = len(acknowledged)
        await wait_until(lambda seen=seen: len(acknowledged) >= seen + 200)
        killed_at = time.monotonic()
        os.kill(postmaster_pid(data_dir), signal.SIGKILL)
        await wait_until(lambda kill=kill: len(restarts) == kill)
        assert restarts[-1] - killed_at < 10
    await cancel(writer)
    await cancel(task)
    link = await connect(address)
    stored = {row["n"] for row in await link.fetch("SELECT n FROM acked")}
    await link.close()
    assert acknowledged <= stored
    # At most the one insert in flight at each kill may be stored without having been acknowledged.
    assert len(stored - acknowledged) <= 3


async def test_a_death_is_noticed_within_300_ms(
    make: Make, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make()
    server.start()
    noticed: list[float] = []
    restart = server._restart
    monkeypatch.setattr(
        server, "_restart", lambda: (noticed.append(time.monotonic()), restart())[1]
    )
    task = asyncio.create_task(server.supervise())
    await asyncio.sleep(0.2)
    killed_at = time.monotonic()
    os.kill(postmaster_pid(data_dir), signal.SIGKILL)
    await wait_until(lambda: bool(noticed))
    assert noticed[0] - killed_at < 0.3
    await wait_until(server.is_running)
    await cancel(task)


async def test_a_busy_backend_that_outlives_its_postmaster_is_ended(
    make: Make, data_dir: Path
) -> None:
    server = make()
    address = server.start()
    link = await connect(address)
    pid = await link.fetchval("SELECT pg_backend_pid()")
    # Never waits, so never looks whether its postmaster lives.
    busy = asyncio.create_task(link.execute("DO $$ BEGIN LOOP END LOOP; END $$"))
    await asyncio.sleep(0.2)
    os.kill(postmaster_pid(data_dir), signal.SIGKILL)
    await asyncio.to_thread(server.start)
    assert await fetchval(address, "SELECT 1") == 1
    with pytest.raises(_LOST):
        await busy
    link.terminate()
    assert pid not in members(data_dir / "postgres" / "cluster")


@pytest.mark.parametrize("whose", ["a stranger's", "nobody's", "no"])
def test_a_stale_pid_file_is_recognised(make: Make, data_dir: Path, whose: str) -> None:
    server = make()
    server.start()
    pid_file = data_dir / "postgres" / "cluster" / "postmaster.pid"
    text = pid_file.read_text()
    old = postmaster_pid(data_dir)
    server.stop()
    gone = subprocess.Popen(["true"])
    gone.wait()
    # The stranger is this very process: alive, and signalling it would end the test.
    named = {"a stranger's": str(os.getpid()), "nobody's": str(gone.pid), "no": ""}[whose]
    pid_file.write_text(text.replace(str(old), named, 1))
    server.start()
    assert server.is_running()
    assert postmaster_pid(data_dir) not in {os.getpid(), gone.pid}


def test_an_initdb_killed_in_the_middle_is_redone(make: Make, data_dir: Path, pg_bin: Path) -> None:
    base = data_dir / "postgres"
    child = spawn_starter(data_dir, pg_bin)
    begun = time.monotonic()
    while not (base / "cluster.new" / "PG_VERSION").exists():
        assert time.monotonic() - begun < 20
        time.sleep(0.002)
    child.kill()
    child.communicate()
    assert not (base / "cluster").exists()
    with make():
        assert (base / "cluster" / "PG_VERSION").exists()
        assert not (base / "cluster.new").exists()


async def test_an_owner_hands_over_to_a_waiting_supervisor(make: Make, data_dir: Path) -> None:
    command, service = make(), make()
    command.start()
    service.start()
    changes: list[int] = []
    task = asyncio.create_task(service.supervise(lambda: changes.append(1)))
    await asyncio.sleep(0.3)
    assert not service.owned
    pid = postmaster_pid(data_dir)
    await asyncio.to_thread(command.stop)
    await wait_until(lambda: service.owned)
    assert service.is_running()
    assert postmaster_pid(data_dir) == pid
    assert changes == []
    await asyncio.to_thread(service.stop)
    await task
    assert not service.is_running()


async def test_a_vanished_socket_file_is_restored_by_the_supervisor(
    make: Make, data_dir: Path
) -> None:
    server, command = make(), make()
    address = server.start()
    socket_file(address).unlink()
    with pytest.raises(ServerUnavailable, match="socket file is gone"):
        command.start()
    changes: list[int] = []
    task = asyncio.create_task(server.supervise(lambda: changes.append(1)))
    await wait_until(lambda: bool(changes))
    assert await fetchval(address, "SELECT 1") == 1
    await cancel(task)


async def test_a_supervisor_that_cannot_restart_says_why(
    make: Make, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_RESTART_ATTEMPTS", 2)
    server = make()
    server.start()
    server._settings = {"shared_buffers": "plenty"}
    os.kill(postmaster_pid(data_dir), signal.SIGKILL)
    with pytest.raises(ServerUnavailable, match='invalid value for parameter "shared_buffers"'):
        await server.supervise()
    server._settings = {}
    server.start()
    assert server.is_running()


async def test_a_supervisor_cancelled_while_it_starts_leaves_no_new_server(
    make: Make, data_dir: Path
) -> None:
    server = make()
    server.start()
    task = asyncio.create_task(server.supervise())
    await asyncio.sleep(0.15)
    pid = postmaster_pid(data_dir)
    # Paused, the server stays silent; then it dies, and another starter holds the start lock.
    with server._start_lock():
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.4)
        await cancel(task)
    await asyncio.sleep(0.3)
    assert not server.is_running()
    with pytest.raises(ServerUnavailable, match="before supervising"):
        await make().supervise()


def test_a_paused_server_is_ended_in_the_end(
    make: Make, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make()
    server.start()
    monkeypatch.setattr(postmaster, "_FAST_STOP_S", 0.3)
    pid = postmaster_pid(data_dir)
    os.kill(pid, signal.SIGSTOP)
    assert not server.is_running()
    monkeypatch.setattr(postmaster, "_IMMEDIATE_STOP_S", 1.0)
    server.stop()
    assert not list(members(data_dir / "postgres" / "cluster"))
    server.start()
    assert server.is_running()
    # Back to the real patience before the fixture stops it.
    monkeypatch.undo()


def test_settings_reach_the_server_and_fixed_ones_are_refused(make: Make, data_dir: Path) -> None:
    with make(settings={"work_mem": "7MB"}) as address:
        assert asyncio.run(fetchval(address, "SHOW work_mem")) == "7MB"
    with pytest.raises(Invalid, match="fsync is fixed"):
        EmbeddedPostgres(data_dir, settings={"FSYNC": "off"})
