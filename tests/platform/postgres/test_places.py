"""Real servers in unusual places: long paths, closed folders, other accounts, PostgreSQL 15."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from evenhand.platform.postgres import ClusterRefused, EmbeddedPostgres, ServerAddress
from evenhand.platform.postgres.binaries import find_binaries
from evenhand.platform.postgres.layout import existing_layout
from evenhand.platform.postgres.processes import members, read_pid_file

Make = Callable[..., EmbeddedPostgres]
_NOBODY = 65534


async def fetchval(address: ServerAddress, query: str) -> object:
    link = await asyncpg.connect(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password,
        database=address.database,
    )
    try:
        return await link.fetchval(query)
    finally:
        await link.close()


def test_a_long_path_with_odd_characters(make: Make, folder: Path) -> None:
    place = folder / ("a 'quoted', \"odd\" \\ ü path " + "x" * 100) / ("y" * 100) / "data"
    with make(data_dir=place) as address:
        assert len(str(place)) > 200
        assert asyncio.run(fetchval(address, "SELECT 1")) == 1


def test_postgresql_15_works_too(make: Make, data_dir: Path) -> None:
    old = Path(os.environ.get("EVENHAND_TEST_PG15_BIN", "/usr/lib/postgresql/15/bin"))
    assert (old / "postgres").exists(), (
        f"{old} has no PostgreSQL 15: install it (Debian: postgresql-15), "
        "or set EVENHAND_TEST_PG15_BIN to its bin folder"
    )
    server = make(binaries=old)
    with server as address:
        number = asyncio.run(fetchval(address, "SELECT current_setting('server_version_num')"))
        assert str(number).startswith("15")
        assert asyncio.run(fetchval(address, "SELECT upper('é')")) == "É"
        assert server.program("pg_dump") == old / "pg_dump"


def test_an_ordinary_user_keeps_everything_in_its_folder(folder: Path, pg_bin: Path) -> None:
    """As root: in a forked child that became another account for good."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    data_dir = home / "data"
    # Load what a start needs: the other account may be unable to read our interpreter's files.
    warm = EmbeddedPostgres(folder / "warm", binaries=pg_bin)
    with warm as address:
        asyncio.run(fetchval(address, "SELECT 1"))
    uid = os.geteuid()
    if uid == 0:
        uid = _NOBODY
        os.chown(home, uid, uid)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with os.fdopen(writer, "w") as answer:
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setgid(uid)
                    os.setuid(uid)
                os.environ.update(HOME=str(home), PGHOST="elsewhere.invalid", PGUSER="x")
                server = EmbeddedPostgres(data_dir, binaries=pg_bin)
                with server as address:
                    pid = read_pid_file(data_dir / "postgres" / "cluster")
                    assert pid is not None
                    owner = Path(f"/proc/{pid.pid}").stat().st_uid
                    one = asyncio.run(fetchval(address, "SELECT 1"))
                    print(json.dumps({"uid": owner, "one": one}), file=answer)
            except BaseException as error:  # noqa: BLE001 - reported to the parent, which fails
                print(json.dumps({"error": repr(error)}), file=answer)
            answer.flush()
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        said = json.loads(stream.read())
    os.waitpid(child, 0)
    assert said == {"uid": uid, "one": 1}
    assert (data_dir / "postgres" / "cluster" / "PG_VERSION").exists()
    assert (data_dir / "postgres").stat().st_mode & 0o077 == 0


def test_a_closed_data_folder_of_root_gets_its_cluster_elsewhere(
    folder: Path, pg_bin: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EVENHAND_PG_HOME", str(folder / "var"))
    closed = folder / "root"
    closed.mkdir(mode=0o700)
    # Programs that the server's account cannot reach, as in a virtual environment below /root.
    prefix = pg_bin.parent
    hidden = closed / "venv" / prefix.parent.name / prefix.name
    shutil.copytree(prefix, hidden, symlinks=True)
    libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, closed / "venv" / libraries.name)
    data_dir = closed / "data"
    server = EmbeddedPostgres(data_dir, binaries=hidden / "bin")
    with server as address:
        assert asyncio.run(fetchval(address, "SELECT 1")) == 1
        layout = existing_layout(data_dir)
        assert layout is not None
        assert closed.stat().st_mode & 0o777 == 0o700
        if os.geteuid() != 0:
            assert layout.home == data_dir / "postgres"
            return
        assert layout.home.parent == folder / "var"
        programs = {str(Path(f"/proc/{pid}/exe").readlink()) for pid in members(layout.cluster)}
        assert all(one.startswith(str(layout.binaries)) for one in programs)
        assert (layout.binaries.stat().st_uid, layout.home.stat().st_uid) == (0, 0)
        assert server.is_running()

    # A copy of the data folder must not share the cluster; a moved one keeps it.
    shutil.copytree(data_dir, closed / "copy")
    with pytest.raises(ClusterRefused, match="is a copy of"):
        EmbeddedPostgres(closed / "copy", binaries=pg_bin).start()
    data_dir.rename(closed / "moved")
    with EmbeddedPostgres(closed / "moved", binaries=pg_bin):
        found = existing_layout(closed / "moved")
        assert found is not None
        assert found.home == layout.home

    # A new data folder of the old name is a new database; the old cluster is not deleted.
    shutil.rmtree(closed / "moved")
    with caplog.at_level(logging.WARNING), EmbeddedPostgres(data_dir, binaries=pg_bin):
        again = existing_layout(data_dir)
        assert again is not None
        assert again.home == Path(f"{layout.home}-2")
    assert layout.cluster.exists()
    assert "delete it yourself" in caplog.text
    shutil.rmtree(again.home)
    with pytest.raises(ClusterRefused, match="which is not there"):
        EmbeddedPostgres(data_dir, binaries=pg_bin).start()
    (data_dir / "postgres" / "location").unlink()


def test_no_place_for_a_closed_data_folder_is_a_clear_error(
    folder: Path, pg_bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder / "root"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("EVENHAND_PG_HOME", str(closed / "var"))
    server = EmbeddedPostgres(closed / "data", binaries=pg_bin)
    if os.geteuid() != 0:
        with server:
            assert server.is_running()
        return
    with pytest.raises(ClusterRefused, match="Choose another --data folder"):
        server.start()


def test_the_programs_of_this_installation_are_found() -> None:
    assert find_binaries(explicit=None, major=None).major >= 15
