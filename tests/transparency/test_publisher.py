"""The published files: verifiable whatever is cut off, and made again byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.ground import Tenant
from tests.oracles import check_log
from tests.transparency.test_service import folder_of, sequencer_of, write

from evenhand.tlog import parse_vkey
from evenhand.transparency import LogUnavailable, publisher
from evenhand.verify import VerificationError, verify_log


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
async def grown(tenant: Tenant) -> Tenant:
    """A log of more than one full tile, published once, that nobody touches any more."""
    await tenant.service.log.stop()
    await append(tenant, 300)
    await tenant.service.publisher.publish(tenant.id)
    return tenant


async def append(tenant: Tenant, count: int) -> None:
    await write(tenant, count)
    sequencer = sequencer_of(tenant)
    while await sequencer.append_waiting(tenant.id):
        pass


async def test_what_is_published_verifies(grown: Tenant, tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = await check_log(grown.db, grown.id, folder_of(grown), state_file=state, settled=True)
    await append(grown, 300)
    await grown.service.publisher.publish(grown.id)
    second = await check_log(grown.db, grown.id, folder_of(grown), state_file=state, settled=True)
    assert first is not None
    assert second is not None
    assert (second.previous_size, second.size) == (first.size, first.size + 300)
    assert second.kinds["test.done/1"] == 600


@pytest.mark.parametrize("cut", ["_finish", "_replace"])
async def test_a_death_between_tiles_and_checkpoint_leaves_a_sound_folder(
    grown: Tenant, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    before = verify_log(str(folder_of(grown)), parse_vkey(grown.vkey))
    await append(grown, 300)
    whole, calls = getattr(publisher, cut), []

    def dies(*arguments: object) -> None:
        calls.append(arguments)
        if cut == "_finish" or len(calls) > 2:
            raise OSError("killed")
        whole(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(publisher, cut, dies)
        with pytest.raises(OSError, match="killed"):
            await grown.service.publisher.publish(grown.id)
    after = verify_log(str(folder_of(grown)), parse_vkey(grown.vkey))
    assert (after.size, after.root) == (before.size, before.root)
    # The next one finishes the work.
    await grown.service.publisher.publish(grown.id)
    report = await check_log(grown.db, grown.id, folder_of(grown), settled=True)
    assert report is not None
    assert report.size == before.size + 300


async def test_a_deleted_folder_is_made_again_byte_for_byte(grown: Tenant) -> None:
    folder = folder_of(grown)
    before = files_of(folder)
    shutil.rmtree(folder)
    size = await grown.service.publisher.publish(grown.id)
    again = files_of(folder)
    # Partial tiles of earlier sizes are not needed any more; everything else is there.
    assert again.items() <= before.items()
    assert {name for name in before if name not in again} <= {n for n in before if ".p/" in n}
    assert verify_log(str(folder), parse_vkey(grown.vkey)).size == size
    shutil.rmtree(folder)
    await grown.service.publisher.publish(grown.id)
    assert files_of(folder) == again


async def test_publishing_twice_changes_nothing(grown: Tenant) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder_of(grown).rglob("*")}
    await grown.service.publisher.publish(grown.id)
    assert {path: path.stat().st_mtime_ns for path in folder_of(grown).rglob("*")} == before


async def test_outgrown_partial_tiles_go(grown: Tenant) -> None:
    folder = folder_of(grown)
    assert (folder / "tile/entries/001.p").exists()
    await append(grown, 300)
    await grown.service.publisher.publish(grown.id)
    assert (folder / "tile/entries/001").exists()
    assert not (folder / "tile/entries/001.p").exists()


async def test_a_flipped_bit_is_found_and_named(grown: Tenant) -> None:
    path = folder_of(grown) / "tile/entries/000"
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(VerificationError, match="tile/entries/000"):
        verify_log(str(folder_of(grown)), parse_vkey(grown.vkey))


async def test_a_damaged_folder_gives_no_tree(grown: Tenant) -> None:
    log = grown.service.publisher.log(grown.id)
    for path in (log.folder / "tile/1").rglob("*"):
        if path.is_file():
            path.write_bytes(b"short")
    with pytest.raises(LogUnavailable, match="damaged"):
        log.tree()


async def test_a_folder_without_a_checkpoint_is_not_published_yet(tenant: Tenant) -> None:
    await tenant.service.log.stop()
    log = tenant.service.publisher.log(tenant.id)
    shutil.rmtree(log.folder, ignore_errors=True)
    assert (log.note(), log.head()) == (None, None)
    with pytest.raises(LogUnavailable, match="not published yet"):
        log.tree()


async def test_a_workspace_without_a_log_publishes_nothing(tenant: Tenant) -> None:
    assert await tenant.service.publisher.publish(tenant.owner.member) == 0
