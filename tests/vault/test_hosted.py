"""The hosted key holder: files of mode 0600, never overwritten, and what they open."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.sealing import Context
from evenhand.vault import HostedKeyHolder
from evenhand.vault.model import KeyUnavailable

ONE = UUID(int=1)
PLACE = Context(ONE, ONE, ONE, 1, "log_seed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "keys"


@pytest.fixture
def holder(folder: Path) -> HostedKeyHolder:
    made = HostedKeyHolder(folder)
    made.create(ONE)
    return made


def test_the_files_are_the_owners_alone(holder: HostedKeyHolder, folder: Path) -> None:
    (path,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.name == f"{ONE}.kek"
    assert len(path.read_bytes()) == 32


def test_a_key_is_never_overwritten(holder: HostedKeyHolder, folder: Path) -> None:
    before = (folder / f"{ONE}.kek").read_bytes()
    with pytest.raises(FileExistsError):
        holder.create(ONE)
    assert (folder / f"{ONE}.kek").read_bytes() == before


def test_wrap_and_unwrap_across_processes(holder: HostedKeyHolder, folder: Path) -> None:
    child = bytes(range(32))
    wrapped = holder.wrap(ONE, PLACE, child)
    assert child not in wrapped
    assert HostedKeyHolder(folder).unwrap(ONE, PLACE, wrapped) == child
    # Fresh randomness each time.
    assert holder.wrap(ONE, PLACE, child) != wrapped


def test_another_workspaces_key_does_not_unwrap(holder: HostedKeyHolder) -> None:
    other = uuid4()
    holder.create(other)
    wrapped = holder.wrap(ONE, PLACE, bytes(32))
    with pytest.raises(KeyUnavailable) as refused:
        holder.unwrap(other, PLACE, wrapped)
    assert refused.value.stable_code == "key_unavailable"


def test_a_missing_key_is_said_so(folder: Path) -> None:
    holder = HostedKeyHolder(folder)
    for use in (
        lambda: holder.wrap(ONE, PLACE, bytes(32)),
        lambda: holder.unwrap(ONE, PLACE, bytes(100)),
        lambda: holder.mac(ONE, "x", b"y"),
    ):
        with pytest.raises(KeyUnavailable, match="not on this host"):
            use()


parts = st.lists(st.binary(max_size=8), max_size=4)


@given(parts, parts)
def test_a_mac_tells_any_two_lists_of_parts_apart(
    tmp_path_factory: pytest.TempPathFactory, one: list[bytes], other: list[bytes]
) -> None:
    holder = HostedKeyHolder(tmp_path_factory.getbasetemp() / "mac-keys")
    with contextlib.suppress(FileExistsError):
        holder.create(ONE)
    assert (holder.mac(ONE, "p", *one) == holder.mac(ONE, "p", *other)) == (one == other)
    assert holder.mac(ONE, "q", *one) != holder.mac(ONE, "p", *one)


def test_the_level_is_said(holder: HostedKeyHolder) -> None:
    assert holder.status().level == "L0"
    assert "Hosted key" in holder.status().sentence


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33)], ids=["empty", "short", "long"])
def test_a_damaged_file_is_no_key(holder: HostedKeyHolder, folder: Path, content: bytes) -> None:
    wrapped = holder.wrap(ONE, PLACE, bytes(32))
    (folder / f"{ONE}.kek").write_bytes(content)
    fresh = HostedKeyHolder(folder)
    for use in (
        lambda: fresh.wrap(ONE, PLACE, bytes(32)),
        lambda: fresh.unwrap(ONE, PLACE, wrapped),
        lambda: fresh.mac(ONE, "x", b"y"),
    ):
        with pytest.raises(KeyUnavailable, match="damaged"):
            use()
