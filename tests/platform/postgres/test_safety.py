"""What a running server may and may not do, and clusters that are refused."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from evenhand.platform.postgres import (
    BinariesMissing,
    ClusterRefused,
    EmbeddedPostgres,
    ServerAddress,
)
from evenhand.platform.postgres.account import server_account, spawn_identity
from evenhand.platform.postgres.processes import members, read_pid_file

Make = Callable[..., EmbeddedPostgres]


@pytest.fixture(scope="module")
def base(module_folder: Path) -> Path:
    return module_folder / "data" / "postgres"


@pytest.fixture(scope="module")
def address(base: Path, pg_bin: Path) -> Iterator[ServerAddress]:
    """One server for all tests that only look."""
    with EmbeddedPostgres(base.parent, binaries=pg_bin) as found:
        yield found


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


async def test_the_settings_are_those_of_the_specification(address: ServerAddress) -> None:
    link = await connect(address)
    rows = await link.fetch("SELECT name, current_setting(name) AS value FROM pg_settings")
    hba = await link.fetch("SELECT type, database, user_name, auth_method FROM pg_hba_file_rules")
    row = await link.fetchrow(
        "SELECT datlocprovider, datcollate, pg_encoding_to_char(encoding) AS encoding,"
        " 'a' < 'B' COLLATE \"default\" AS by_dictionary, upper('ß é') AS upper"
        " FROM pg_database WHERE datname = current_database()"
    )
    await link.close()
    found = {one["name"]: one["value"] for one in rows}
    expected = {
        "autovacuum_naptime": "5s",
        "data_checksums": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "huge_pages": "off",
        "idle_in_transaction_session_timeout": "1min",
        "jit": "off",
        "listen_addresses": "",
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_statement": "none",
        "max_connections": "100",
        "max_wal_size": "2GB",
        "shared_buffers": "64MB",
        "synchronous_commit": "on",
        "unix_socket_permissions": "0700",
    }
    assert {name: found[name] for name in expected} == expected
    assert found["wal_compression"] in {"pglz", "lz4"}
    assert [tuple(one) for one in hba] == [("local", ["all"], ["all"], "scram-sha-256")]
    assert row["encoding"] == "UTF8"
    assert row["by_dictionary"] is False
    assert row["upper"] == "ß É"


@pytest.mark.parametrize("password", ["", "wrong"])
async def test_no_session_without_the_password(
    address: ServerAddress, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", os.devnull)
    with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InternalClientError)):
        await connect(address, password=password)


def test_there_is_no_tcp_listener(address: ServerAddress, base: Path) -> None:
    mine: set[str] = set()
    for pid in members(base / "cluster"):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            mine.add(str(descriptor.readlink()))
    listed = [
        line.split()
        for table in ("tcp", "tcp6", "udp", "udp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    assert any(one.startswith("socket:") for one in mine)
    assert not mine & {f"socket:[{columns[9]}]" for columns in listed}


def test_secrets_and_sockets_have_narrow_modes(address: ServerAddress, base: Path) -> None:
    password, sockets = base / "password", Path(address.host)
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert password.stat().st_uid == os.geteuid()
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE((base / "cluster").stat().st_mode) == 0o700
    assert stat.S_IMODE((base / "log" / "server.log").stat().st_mode) == 0o600
    assert len(os.fsencode(f"{address.host}/.s.PGSQL.5432")) <= 107
    secret = password.read_text().strip()
    assert secret == address.password
    assert secret not in repr(address)
    copies = [path for path in base.rglob("*") if path.is_file() and not path.name.isdigit()]
    assert [path for path in copies if secret.encode() in path.read_bytes()] == [password]


def test_the_server_never_runs_as_root(address: ServerAddress, base: Path) -> None:
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in members(base / "cluster")}
    groups = {
        line.split()[1:] == []
        for pid in members(base / "cluster")
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("Groups:")
    }
    assert 0 not in owners
    assert len(owners) == 1
    if os.geteuid() == 0:
        assert groups == {True}


async def test_content_never_reaches_the_log(address: ServerAddress, base: Path) -> None:
    canary = "canary-7f3a"
    link = await connect(address)
    await link.execute("CREATE TABLE once (v text PRIMARY KEY, n int)")
    await link.execute("INSERT INTO once VALUES ($1, 1)", canary)
    for statement in (
        f"SELECT '{canary}'::int",
        f"INSERT INTO once VALUES ('{canary}', 2)",
        f'SELECT * FROM "{canary}"',
        f"DO $$ BEGIN RAISE WARNING '{canary}'; RAISE EXCEPTION '{canary}'; END $$",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await link.execute(statement)
    backend = await link.fetchval("SELECT pg_backend_pid()")
    # A crash of a backend is logged with its statement as a detail, if details are.
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        await link.execute(f"SELECT pg_terminate_backend({backend}), pg_sleep(1), '{canary}'")
    link.terminate()
    log = (base / "log" / "server.log").read_text()
    assert "ready to accept connections" in log
    assert canary not in log


def stopped(make: Make) -> EmbeddedPostgres:
    server = make()
    server.start()
    server.stop()
    return server


def test_a_cluster_that_turned_durability_off_is_refused(make: Make, data_dir: Path) -> None:
    server = stopped(make)
    overrides = data_dir / "postgres" / "cluster" / "postgresql.auto.conf"
    overrides.write_text("fsync = 'off'\nsynchronous_commit = 'local'\nwork_mem = '1MB'\n")
    with pytest.raises(ClusterRefused, match="turns off fsync, synchronous_commit"):
        server.start()
    assert not server.owned
    assert read_pid_file(data_dir / "postgres" / "cluster") is None


def test_a_cluster_without_checksums_is_refused(make: Make, data_dir: Path, pg_bin: Path) -> None:
    server = stopped(make)
    cluster = data_dir / "postgres" / "cluster"
    subprocess.run(
        [pg_bin / "pg_checksums", "--disable", "-D", cluster],
        check=True,
        capture_output=True,
        **spawn_identity(server_account(cluster=cluster)),
    )
    with pytest.raises(ClusterRefused, match="data_checksums is 'off'"):
        server.start()
    assert not list(members(cluster))


def test_damaged_folders_are_refused_with_a_reason(make: Make, data_dir: Path) -> None:
    server = stopped(make)
    base = data_dir / "postgres"
    password = base / "password"
    kept = password.read_text()
    password.chmod(0o644)
    with pytest.raises(ClusterRefused, match="can be read by others"):
        server.start()
    password.unlink()
    with pytest.raises(ClusterRefused, match="missing or empty"):
        server.start()
    password.touch(mode=0o600)
    password.write_text("another\n")
    with pytest.raises(ClusterRefused, match="do not belong together"):
        server.start()
    assert not list(members(base / "cluster"))
    password.write_text(kept)
    (base / "cluster" / "global" / "pg_control").rename(base / "pg_control")
    with pytest.raises(ClusterRefused, match="pg_control is missing"):
        server.start()
    (base / "cluster" / "PG_VERSION").write_text("14\n")
    (base / "pg_control").rename(base / "cluster" / "global" / "pg_control")
    with pytest.raises(BinariesMissing, match="made by version 14"):
        server.start()
    with pytest.raises(ClusterRefused, match="line break"):
        EmbeddedPostgres(data_dir / "a\nb").start()
