from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from evenhand.platform.postgres import ClusterRefused, ServerUnavailable, account
from evenhand.platform.postgres.account import (
    Account,
    blocking_folder,
    preferred_account,
    server_account,
    spawn_identity,
)


def no_such_name(name: str) -> pwd.struct_passwd:
    raise KeyError(name)


def test_an_ordinary_user_runs_the_server_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account.os, "geteuid", lambda: 54321)
    assert server_account(cluster=folder).uid == 54321
    assert spawn_identity(server_account(cluster=folder)) == {}


def test_root_runs_it_under_another_account(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account.os, "geteuid", lambda: 0)
    assert server_account(cluster=folder / "none") == preferred_account()
    chosen = Account("x", 5, 6)
    assert spawn_identity(chosen) == {"user": 5, "group": 6, "extra_groups": []}
    if os.getuid() == 0:
        with pytest.raises(ClusterRefused, match="chown -R"):
            server_account(cluster=folder)
        os.chown(folder, 54321, 54322)
        assert server_account(cluster=folder) == Account("54321", 54321, 54322)


def test_a_machine_without_an_unprivileged_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account.pwd, "getpwnam", no_such_name)
    with pytest.raises(ServerUnavailable, match="no account named"):
        preferred_account()
    root = pwd.getpwuid(0)
    monkeypatch.setattr(account.pwd, "getpwnam", lambda name: root)
    with pytest.raises(ServerUnavailable, match="no account named"):
        preferred_account()


@pytest.mark.parametrize(
    ("mode", "uid_is_owner", "gid_is_group", "blocked"),
    [
        (0o100, True, False, False),
        (0o011, True, True, True),
        (0o010, False, True, False),
        (0o101, False, True, True),
        (0o001, False, False, False),
        (0o110, False, False, True),
    ],
)
def test_mode_bits_decide(
    folder: Path, mode: int, uid_is_owner: bool, gid_is_group: bool, blocked: bool
) -> None:
    place = folder / "place"
    place.mkdir()
    place.chmod(mode)
    found = place.stat()
    who = Account(
        "who",
        found.st_uid if uid_is_owner else 54321,
        found.st_gid if gid_is_group else 54321,
    )
    assert blocking_folder(place, who) == (place if blocked else None)
    assert blocking_folder(place / "not yet" / "there", who) == (place if blocked else None)
    place.chmod(0o700)


def test_what_we_cannot_look_into_blocks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: object) -> os.stat_result:
        raise PermissionError(str(self))

    monkeypatch.setattr(Path, "stat", refuse)
    found = blocking_folder(folder, preferred_account())
    monkeypatch.undo()
    assert found == Path("/")
