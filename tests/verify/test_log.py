"""Verifying and copying whole logs, from folders; the file covers log.py, walk.py and state.py."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.verify.logs import LOG, checkpoint, entries, entry, write_log

from evenhand.tlog import EMPTY_ROOT, Signer, Verifier
from evenhand.verify import (
    UnreachableError,
    VerificationError,
    WrongUseError,
    pull_log,
    verify_log,
)

SIZES = [0, 1, 255, 256, 257, 700]
KEY = LOG.verifier


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 700 leaves that grew in two steps, so that it has older partial tiles."""
    folder = tmp_path_factory.mktemp("good")
    write_log(folder, entries(300))
    write_log(folder, entries(700), grown_from=300)
    return folder


@pytest.fixture
def broken(good: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(good, tmp_path / "broken"))


def flip(file: Path, bit: int) -> None:
    data = bytearray(file.read_bytes())
    bit %= 8 * len(data)
    data[bit // 8] ^= 1 << bit % 8
    file.write_bytes(data)


def files(folder: Path) -> list[str]:
    found = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file.relative_to(folder).as_posix() for file in found)


@pytest.mark.parametrize("size", SIZES)
def test_a_good_log(tmp_path: Path, size: int) -> None:
    write_log(tmp_path, entries(size))
    report = verify_log(str(tmp_path), KEY)
    assert (report.origin, report.vkey, report.size) == ("log.example/w", KEY.vkey, size)
    assert report.kinds == ({"payload.released/1": size} if size else {})
    assert report.bundles == -(-size // 256)
    assert report.tiles + report.bundles + 1 == len(files(tmp_path))
    assert size or report.root == EMPTY_ROOT


def test_progress_and_unknown_kinds(tmp_path: Path) -> None:
    leaves = [*entries(299), entry(299, "wall.moved/7")]
    write_log(tmp_path, leaves)
    steps: list[tuple[int, int]] = []
    report = verify_log(
        str(tmp_path), KEY, progress=lambda done, total: steps.append((done, total))
    )
    assert steps == [(256, 300), (300, 300)]
    assert any("wall.moved/7 (1)" in sentence for sentence in report.not_proved)


def test_every_file_is_checked(good: Path, tmp_path: Path) -> None:
    for number, name in enumerate(files(good)):
        broken = Path(shutil.copytree(good, tmp_path / str(number)))
        for bit in (0, 77_777):
            flip(broken / name, bit)
            with pytest.raises(VerificationError, match=r"^(checkpoint|tile/)"):
                verify_log(str(broken), KEY)
            flip(broken / name, bit)
        assert verify_log(str(broken), KEY).size == 700


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_flipped_bit_is_named(broken: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(files(broken)))
    bit = data.draw(st.integers(0, 2**20))
    flip(broken / name, bit)
    try:
        with pytest.raises(VerificationError) as caught:
            verify_log(str(broken), KEY)
    finally:
        flip(broken / name, bit)
    assert name in str(caught.value), str(caught.value)


@pytest.mark.parametrize("name", ["tile/0/000", "tile/entries/001", "tile/1/000.p/2"])
def test_a_missing_file_is_named(broken: Path, name: str) -> None:
    (broken / name).unlink()
    with pytest.raises(VerificationError, match=f"{name}: missing"):
        verify_log(str(broken), KEY)


@pytest.mark.parametrize("name", ["tile/0/000", "tile/entries/002.p/188", "tile/0/002.p/188"])
def test_a_truncated_file_is_named(broken: Path, name: str) -> None:
    data = (broken / name).read_bytes()
    for wrong in (data[:-1], data[: len(data) // 2], b""):
        (broken / name).write_bytes(wrong)
        with pytest.raises(VerificationError, match=name):
            verify_log(str(broken), KEY)


def test_an_edge_that_is_wrong_below(broken: Path) -> None:
    # The partial tile one level up is wrong, and the full tile that it stands for is damaged too.
    flip(broken / "tile/1/000.p/2", 1)
    (broken / "tile/0/001").write_bytes(b"short")
    with pytest.raises(VerificationError, match="tile/0/001: 5 bytes"):
        verify_log(str(broken), KEY)


def test_an_edge_whose_bundle_is_damaged_too(broken: Path) -> None:
    flip(broken / "tile/0/002.p/188", 1)
    (broken / "tile/entries/002.p/188").write_bytes(b"\0")
    with pytest.raises(VerificationError, match=r"tile/entries/002.p/188: entry 0 is cut off"):
        verify_log(str(broken), KEY)


def test_a_signed_root_that_no_tile_has(broken: Path) -> None:
    (broken / "checkpoint").write_bytes(checkpoint([*entries(699), b"another"]))
    with pytest.raises(VerificationError, match="checkpoint, line 3"):
        verify_log(str(broken), KEY)


def test_an_entry_that_is_no_leaf_is_named(tmp_path: Path) -> None:
    write_log(tmp_path, [*entries(300), b"{}"])
    with pytest.raises(
        VerificationError, match=r"tile/entries/001.p/45, entry 300: the leaf has no"
    ):
        verify_log(str(tmp_path), KEY)


def test_a_dropped_partial_tile_is_read_from_the_full_one(broken: Path, good: Path) -> None:
    # The checkpoint is of size 300, but the log has meanwhile cleaned up what 700 made superfluous.
    (broken / "checkpoint").write_bytes(checkpoint(entries(300)))
    (broken / "tile/0/001.p/44").unlink()
    (broken / "tile/entries/001.p/44").unlink()
    report = verify_log(str(broken), KEY)
    assert report.size == 300
    assert any("files outside this checkpoint" in sentence for sentence in report.not_proved)
    (broken / "tile/entries/001").write_bytes(b"\0")
    with pytest.raises(VerificationError, match="tile/entries/001: entry 0 is cut off"):
        verify_log(str(broken), KEY)


def test_stray_files_are_reported(broken: Path) -> None:
    (broken / "tile/entries/note.txt").write_text("not mine")
    report = verify_log(str(broken), KEY)
    assert any("1 files outside" in s and "note.txt" in s for s in report.not_proved)


def test_another_key(good: Path) -> None:
    other = Signer(name="log.example/w", seed=b"o" * 32).verifier
    with pytest.raises(VerificationError, match="checkpoint: the note has no signature of a known"):
        verify_log(str(good), other)
    with pytest.raises(WrongUseError, match="--key"):
        verify_log(str(good))


def test_unknown_signatures_are_reported(broken: Path) -> None:
    note = (broken / "checkpoint").read_bytes()
    other = checkpoint(entries(700), Signer(name="other.example", seed=b"o" * 32))
    (broken / "checkpoint").write_bytes(note + other[other.rindex(b"\n\n") + 2 :])
    report = verify_log(str(broken), KEY)
    assert any("not given: other.example" in sentence for sentence in report.not_proved)


def test_no_log_there(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="no file named checkpoint"):
        verify_log(str(tmp_path / "nowhere"), KEY)


# The state file.


def test_the_state_remembers_key_and_checkpoint(tmp_path: Path) -> None:
    state = tmp_path / "seen" / "state.json"
    log = tmp_path / "log"
    previous = []
    for old, size in [(0, 0), (0, 10), (10, 10), (10, 256), (256, 700)]:
        write_log(log, entries(size), grown_from=old)
        key = None if state.exists() else KEY
        previous.append(verify_log(str(log), key, state_file=state).previous_size)
        saved = json.loads(state.read_text())
        assert saved == {
            "v": 1,
            "vkey": KEY.vkey,
            "checkpoint": (log / "checkpoint").read_text(),
        }
    assert previous == [None, 0, 10, 10, 256]
    assert [file.name for file in state.parent.iterdir()] == ["state.json"]


@pytest.mark.parametrize(
    ("leaves", "message"),
    [
        (lambda: entries(299), "has shrunk: size 299, but the last checkpoint seen has 300"),
        (lambda: [*entries(299), entry(9999)], "line 3: the log is forked: its first 300"),
        (lambda: [entry(9999), *entries(700)[1:]], "line 3: the log is forked: its first 300"),
    ],
)
def test_another_history_is_refused(
    tmp_path: Path, leaves: Callable[[], list[bytes]], message: str
) -> None:
    state, log = tmp_path / "state", tmp_path / "log"
    write_log(log, entries(300))
    verify_log(str(log), KEY, state_file=state)
    before = state.read_bytes()
    shutil.rmtree(log)
    write_log(log, leaves())
    verify_log(str(log), KEY)
    with pytest.raises(VerificationError, match=message):
        verify_log(str(log), state_file=state)
    assert state.read_bytes() == before


def test_a_damaged_tile_on_the_way_to_the_old_root(broken: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    small = tmp_path / "small"
    write_log(small, entries(200))
    verify_log(str(small), KEY, state_file=state)
    flip(broken / "tile/0/000", 5)
    with pytest.raises(VerificationError, match="tile/0/000: the tile is not the one in the tree"):
        verify_log(str(broken), KEY, state_file=state)


def test_the_state_is_of_another_log(good: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    verify_log(str(good), KEY, state_file=state)
    other = Signer(name="log.example/w", seed=b"o" * 32).verifier
    with pytest.raises(VerificationError, match="state file belongs to another key"):
        verify_log(str(good), other, state_file=state)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"v":1,"vkey":"x","checkpoint":"y"}', "[" * 99_999]
)
def test_a_damaged_state_is_not_replaced(good: Path, tmp_path: Path, text: str) -> None:
    state = tmp_path / "state"
    state.write_text(text)
    with pytest.raises(UnreachableError, match="not a usable state file"):
        verify_log(str(good), KEY, state_file=state)
    assert state.read_text() == text


def test_nothing_is_remembered_of_a_refused_log(broken: Path, tmp_path: Path) -> None:
    flip(broken / "tile/entries/000", 99)
    with pytest.raises(VerificationError):
        verify_log(str(broken), KEY, state_file=tmp_path / "state")
    assert not (tmp_path / "state").exists()


# Copies.


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", [KEY, None])
def test_a_copy_verifies(tmp_path: Path, size: int, key: Verifier | None) -> None:
    write_log(tmp_path / "log", entries(size))
    report = pull_log(str(tmp_path / "log"), tmp_path / "copy", log=key)
    assert files(tmp_path / "copy") == files(tmp_path / "log")
    assert (report.size, report.present) == (size, 0)
    assert report.fetched == len(files(tmp_path / "log")) - 1
    assert report.signature_verified is (key is not None)
    assert verify_log(str(tmp_path / "copy"), KEY).size == size


def test_a_copy_is_resumed_and_grows(good: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    write_log(tmp_path / "young", entries(300))
    pull_log(str(tmp_path / "young"), copy, log=KEY)
    report = pull_log(str(good), copy, log=KEY)
    assert (report.present, report.fetched) == (2, 5)
    (copy / "tile/entries/001").unlink()
    report = pull_log(str(good), copy)
    assert (report.present, report.fetched) == (6, 1)
    assert verify_log(str(copy), KEY).size == 700


def test_a_bad_original_is_not_copied(broken: Path, tmp_path: Path) -> None:
    flip(broken / "tile/entries/001", 99)
    with pytest.raises(VerificationError, match="tile/entries/001"):
        pull_log(str(broken), tmp_path / "copy", log=KEY)
    assert not (tmp_path / "copy/checkpoint").exists()
    assert not (tmp_path / "copy/tile/entries/001").exists()


def test_a_bad_checkpoint_is_not_copied(broken: Path, tmp_path: Path) -> None:
    flip(broken / "checkpoint", 3)
    with pytest.raises(VerificationError, match=r"^checkpoint: "):
        pull_log(str(broken), tmp_path / "copy", log=KEY)
    (broken / "checkpoint").write_bytes(b"nothing")
    with pytest.raises(VerificationError, match=r"^checkpoint: "):
        pull_log(str(broken), tmp_path / "copy")


def test_a_file_damaged_in_the_copy_is_named(good: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    pull_log(str(good), copy)
    flip(copy / "tile/entries/001", 99)
    with pytest.raises(VerificationError, match=r"tile/entries/001, entry 256.*delete it there"):
        pull_log(str(good), copy)
    (copy / "tile/entries/001").unlink()
    assert pull_log(str(good), copy).fetched == 1


def test_a_copy_of_another_history_is_not_mixed(good: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    write_log(copy, [entry(9999), *entries(700)[1:]])
    before = {name: (copy / name).read_bytes() for name in files(copy)}
    with pytest.raises(VerificationError, match="the log is forked"):
        pull_log(str(good), copy)
    assert before == {name: (copy / name).read_bytes() for name in files(copy)}
    (copy / "checkpoint").write_bytes(checkpoint([], Signer(name="other", seed=bytes(32))))
    with pytest.raises(VerificationError, match=r"line 1: 'log.example/w', but the copy"):
        pull_log(str(good), copy)
    (copy / "checkpoint").write_bytes(b"nothing")
    with pytest.raises(VerificationError, match="checkpoint in "):
        pull_log(str(good), copy)
