"""Starts that must not succeed: each says why, and leaves no server and no half cluster behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evenhand.platform.postgres import (
    ClusterRefused,
    EmbeddedPostgres,
    ServerUnavailable,
    postmaster,
)
from evenhand.platform.postgres.probe import Answer
from evenhand.platform.postgres.processes import members

Make = Callable[..., EmbeddedPostgres]


def test_leftovers_of_initdb_are_replaced_and_a_foreign_folder_is_not(
    make: Make, data_dir: Path
) -> None:
    base = data_dir / "postgres"
    base.mkdir(parents=True)
    data_dir.chmod(0o711)
    base.chmod(0o711)
    (base / "cluster").mkdir()
    (base / "cluster" / "thesis.txt").write_text("Not yours.")
    server = make()
    if os.geteuid() == 0:
        os.chown(base / "cluster", 65534, 65534)
    with pytest.raises(ClusterRefused, match="no PostgreSQL cluster"):
        server.start()
    assert not server.owned
    assert (base / "cluster" / "thesis.txt").read_text() == "Not yours."
    (base / "cluster").rename(base / "elsewhere")
    (base / "cluster.new").mkdir()
    (base / "cluster.new" / "half").write_text("x")
    server.start()
    assert server.is_running()
    assert not (base / "cluster.new").exists()


def test_a_failing_initdb_is_quoted(make: Make, data_dir: Path, folder: Path) -> None:
    programs = folder / "bin"
    programs.mkdir()
    for name, script in (
        ("postgres", 'echo "postgres (PostgreSQL) 18.99"'),
        ("initdb", "echo no space left >&2; exit 1"),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    server = make(binaries=programs)
    with pytest.raises(ServerUnavailable, match="no space left"):
        server.start()
    assert not server.owned
    assert not (data_dir / "postgres" / "cluster").exists()


def test_a_start_called_off_ends_its_half_started_server_at_once(
    make: Make, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make()
    server.start()
    server.stop()
    monkeypatch.setattr(
        postmaster, "probe", lambda path, **_: server._hurry.set() or Answer.NOT_YET
    )
    begun = time.monotonic()
    with pytest.raises(ServerUnavailable, match="called off"):
        server.start()
    assert time.monotonic() - begun < 15
    assert not server.owned
    assert not list(members(data_dir / "postgres" / "cluster"))
    monkeypatch.undo()
    server._hurry.clear()
    server.start()


def test_a_wrong_setting_is_a_clear_error_and_leaves_nothing_running(
    make: Make, data_dir: Path
) -> None:
    server = make(settings={"work_mem": "a lot"})
    with pytest.raises(ServerUnavailable, match='invalid value for parameter "work_mem"'):
        server.start()
    assert not server.owned
    assert not list(members(data_dir / "postgres" / "cluster"))


def test_unreadable_places_are_a_clear_error(pg_bin: Path, folder: Path) -> None:
    (folder / "file").write_text("A file where a folder should be.")
    with pytest.raises(ServerUnavailable, match="cannot be started"):
        EmbeddedPostgres(folder / "file" / "data", binaries=pg_bin).start()
