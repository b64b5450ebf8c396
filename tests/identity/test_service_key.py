"""The service's own key: made once, bound to its database, and nothing is served without it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.app.compose import running_service
from evenhand.identity.model import ServiceKeyRefused
from evenhand.identity.service_key import (
    FILE_NAME,
    SealBroken,
    ServiceKey,
    load_service_key,
)
from evenhand.platform.db import Database
from evenhand.platform.migrations import AppLogin
from evenhand.platform.settings import Settings

KEY = ServiceKey(bytes(range(32)))


async def refused(db: Database, folder: Path, words: str) -> None:
    with pytest.raises(ServiceKeyRefused, match=words) as error:
        await load_service_key(db, folder)
    assert error.value.stable_code == "service_key_refused"


async def test_it_is_made_once_and_kept_private(db: Database, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = await load_service_key(db, folder)
    path = folder / FILE_NAME
    assert path.read_bytes() == first.secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert await load_service_key(db, folder) == first
    assert first.secret.hex() not in repr(first)
    assert [one.name for one in folder.iterdir()] == [FILE_NAME]


async def test_many_processes_that_start_at_once_have_one_key(db: Database, tmp_path: Path) -> None:
    keys = await asyncio.gather(*(load_service_key(db, tmp_path) for _ in range(8)))
    assert len({key.secret for key in keys}) == 1


async def test_a_lost_a_foreign_or_a_bad_key_is_refused(db: Database, tmp_path: Path) -> None:
    key = await load_service_key(db, tmp_path)
    path = tmp_path / FILE_NAME
    path.unlink()
    await refused(db, tmp_path, "is missing")
    assert not path.exists(), "a new key would hide what is wrong"
    for secret, words in (
        (bytes(32), "not random"),
        (b"changeme" * 4, "not random"),
        (key.secret[:31], "has 31 bytes"),
        (b"", "has 0 bytes"),
        (bytes(range(32)), "is not the one"),
    ):
        path.write_bytes(secret)
        path.chmod(0o600)
        await refused(db, tmp_path, words)
    path.write_bytes(key.secret)
    path.chmod(0o640)
    await refused(db, tmp_path, "chmod 600")
    path.chmod(0o600)
    assert await load_service_key(db, tmp_path) == key


async def test_the_service_does_not_start_without_it(login: AppLogin, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    settings.make_data_dir()
    async with running_service(settings, login):
        pass
    (settings.keys_dir / FILE_NAME).unlink()
    with pytest.raises(ServiceKeyRefused):
        async with running_service(settings, login):
            raise AssertionError("it started")


@given(plain=st.binary(max_size=200), about=st.binary(max_size=50))
def test_what_is_sealed_opens_for_its_purpose_and_subject_alone(plain: bytes, about: bytes) -> None:
    sealed = KEY.seal("totp", plain, about=about)
    assert KEY.open("totp", sealed, about=about) == plain
    for purpose, changed, subject in (
        ("ticket", sealed, about),
        ("totp", sealed, about + b"x"),
        ("totp", sealed[:-1] + bytes([sealed[-1] ^ 1]), about),
        ("totp", sealed[:11], about),
        ("totp", b"", about),
    ):
        with pytest.raises(SealBroken):
            KEY.open(purpose, changed, about=subject)
    with pytest.raises(SealBroken):
        ServiceKey(bytes(range(1, 33))).open("totp", sealed, about=about)


def test_a_mac_does_not_run_its_parts_together() -> None:
    assert KEY.mac("a", b"bc", b"d") != KEY.mac("a", b"b", b"cd")
    assert KEY.mac("a", b"b") != KEY.mac("b", b"b")
