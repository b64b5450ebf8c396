from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from evenhand.platform.postgres import ServerUnavailable, sockets
from evenhand.platform.postgres.account import Account, server_account
from evenhand.platform.postgres.sockets import prepare_socket_folder, release_socket_folder


@pytest.fixture
def account(folder: Path) -> Account:
    return server_account(cluster=folder / "none")


@pytest.fixture(autouse=True)
def runtime(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder for temporary files, for these tests only."""
    place = folder / "t"
    place.mkdir()
    place.chmod(0o1777)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_the_folder_is_private_named_after_the_data_and_found_again(
    folder: Path, runtime: Path, account: Account
) -> None:
    made = prepare_socket_folder(folder / "data", account=account)
    assert made.parent == runtime
    found = made.stat()
    assert (found.st_uid, found.st_mode & 0o777) == (account.uid, 0o700)
    assert prepare_socket_folder(folder / "data", account=account) == made
    assert prepare_socket_folder(folder / "other", account=account) != made
    (made / ".s.PGSQL.5432").touch()
    release_socket_folder(made)
    assert not made.exists()


def test_strangers_folders_are_left_alone(folder: Path, runtime: Path, account: Account) -> None:
    first = prepare_socket_folder(folder / "data", account=account)
    first.chmod(0o755)
    second = prepare_socket_folder(folder / "data", account=account)
    assert second.name == f"{first.name}-1"
    second.rmdir()
    second.symlink_to(first)
    third = prepare_socket_folder(folder / "data", account=account)
    assert third.name == f"{first.name}-2"
    third.rmdir()
    third.write_text("a file")
    fourth = prepare_socket_folder(folder / "data", account=account)
    assert fourth.name == f"{first.name}-3"
    (fourth / "strange").touch()
    release_socket_folder(fourth)
    assert (fourth / "strange").exists()
    release_socket_folder(runtime)
    assert runtime.exists()


def test_a_folder_that_root_made_and_did_not_give_away_is_given_away(
    folder: Path, account: Account
) -> None:
    made = prepare_socket_folder(folder / "data", account=account)
    os.chown(made, os.geteuid(), os.getegid())
    assert prepare_socket_folder(folder / "data", account=account) == made
    assert made.stat().st_uid == account.uid


def test_a_private_runtime_folder_is_preferred(
    folder: Path, monkeypatch: pytest.MonkeyPatch, account: Account, runtime: Path
) -> None:
    place = folder / "run"
    place.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place))
    os.chown(place, account.uid, account.gid)
    assert prepare_socket_folder(folder / "data", account=account).parent == place
    place.chmod(0o755)
    assert prepare_socket_folder(folder / "data", account=account).parent == runtime


@pytest.mark.parametrize("name", ["x" * 100, "with,comma"])
def test_places_that_do_not_fit_are_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch, account: Account, name: str
) -> None:
    place = folder / name
    place.mkdir()
    place.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    found = prepare_socket_folder(folder / "data", account=account)
    assert found.parent == Path("/tmp").resolve()
    release_socket_folder(found)


def test_no_place_is_a_clear_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, account: Account
) -> None:
    monkeypatch.setattr(sockets, "_PATH_BYTES_MAX", 10)
    with pytest.raises(ServerUnavailable, match="Set TMPDIR"):
        prepare_socket_folder(folder / "data", account=account)
