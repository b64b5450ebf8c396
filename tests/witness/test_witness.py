"""The decision: what is cosigned, what is remembered, and what a crash leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.witness.wire import (
    KEYS,
    LOG,
    NOW_S,
    OTHER,
    VERIFIERS,
    Ground,
    asked,
    head,
    leaves,
    note,
    open_witness,
)

from evenhand.tlog import (
    Refusal,
    Signer,
    WitnessRefusal,
    open_cosignatures,
    open_note,
    parse_checkpoint,
    render_checkpoint,
)
from evenhand.witness import WitnessError, WitnessState
from evenhand.witness.state import EVIDENCE_MAX, count_evidence, hash_of_origin

NAME = hash_of_origin(LOG.name)


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return open_witness(tmp_path)


def opened_again(ground: Ground) -> Ground:
    ground.state.close()
    return open_witness(ground.folder)


def last_size(ground: Ground) -> int:
    last = ground.state.last(NAME)
    assert last is not None
    return last.checkpoint.size


async def refused(ground: Ground, body: bytes) -> WitnessRefusal:
    with pytest.raises(WitnessRefusal) as raised:
        await ground.witness.add_checkpoint(body)
    return raised.value


async def test_each_key_cosigns_what_grows(ground: Ground) -> None:
    for old, new in ((0, 0), (0, 3), (3, 3), (3, 7), (7, 300)):
        answer = await ground.witness.add_checkpoint(asked(old, leaves(new)))
        text = render_checkpoint(head(leaves(new)))
        found = open_cosignatures(answer, text=text, witnesses=VERIFIERS)
        assert [(one.verifier, one.time_s) for one in found] == [(v, NOW_S) for v in VERIFIERS]
        # Durable before it is answered, with the log's own signature.
        kept = (ground.folder / "cosigned" / NAME).read_bytes()
        assert kept == ground.witness.checkpoint(NAME)
        names = open_note(kept, verifiers=[LOG.verifier, *VERIFIERS]).verified
        assert [one.verifier for one in names] == [LOG.verifier, *VERIFIERS]
    assert list((ground.folder / "evidence").iterdir()) == []


async def test_other_sizes_and_other_logs(ground: Ground) -> None:
    await ground.witness.add_checkpoint(asked(0, leaves(4)))
    for old in (0, 3, 5):
        refusal = await refused(ground, asked(old, leaves(8)))
        assert (refusal.refusal, refusal.size) == (Refusal.OTHER_SIZE, 4)
    refusal = await refused(ground, asked(0, leaves(4), log=OTHER))
    assert refusal.refusal is Refusal.UNKNOWN_LOG
    forger = Signer(name=LOG.name, seed=b"f" * 32)
    refusal = await refused(ground, asked(4, leaves(8), log=forger))
    assert refusal.refusal is Refusal.NOT_SIGNED
    refusal = await refused(ground, asked(9, leaves(8)))
    assert refusal.refusal is Refusal.MALFORMED
    assert count_evidence(ground.folder, NAME) == 0


async def test_every_flipped_bit_is_refused_and_changes_nothing(ground: Ground) -> None:
    await ground.witness.add_checkpoint(asked(0, leaves(4)))
    before = ground.witness.checkpoint(NAME)
    whole = asked(4, leaves(7))
    for bit in range(0, 8 * len(whole), 3):
        body = bytearray(whole)
        body[bit // 8] ^= 1 << bit % 8
        await refused(ground, bytes(body))
    assert ground.witness.checkpoint(NAME) == before
    await ground.witness.add_checkpoint(whole)


async def test_a_split_view_is_refused_and_kept_as_evidence(ground: Ground) -> None:
    await ground.witness.add_checkpoint(asked(0, leaves(4)))
    for count in (4, 9, 4):
        refusal = await refused(ground, asked(4, leaves(count, story=b"false")))
        assert refusal.refusal is Refusal.INCONSISTENT
    files = {p.name.partition("-")[0]: p for p in (ground.folder / "evidence" / NAME).iterdir()}
    assert sorted(files) == ["contradiction", "cosigned", "unproved"]
    assert files["contradiction"].read_bytes() == note(leaves(4, story=b"false"))
    true = open_note(files["cosigned"].read_bytes(), verifiers=[LOG.verifier])
    assert parse_checkpoint(true.text) == head(leaves(4))
    assert count_evidence(ground.folder, NAME) == 2
    # The true log goes on.
    await ground.witness.add_checkpoint(asked(4, leaves(5)))


async def test_evidence_is_bounded(ground: Ground) -> None:
    await ground.witness.add_checkpoint(asked(0, leaves(4)))
    for number in range(2 * EVIDENCE_MAX):
        await refused(ground, asked(4, leaves(5, story=b"%d" % number)))
    assert len(list((ground.folder / "evidence" / NAME).iterdir())) <= EVIDENCE_MAX


async def test_only_one_of_two_trees_of_one_size_wins_a_race(ground: Ground) -> None:
    await ground.witness.add_checkpoint(asked(0, leaves(4)))
    bodies = [asked(4, leaves(4 + n % 5)) for n in range(1, 25)]
    answers = await asyncio.gather(
        *(ground.witness.add_checkpoint(body) for body in bodies), return_exceptions=True
    )
    won = [answer for answer in answers if isinstance(answer, bytes)]
    lost = [answer for answer in answers if isinstance(answer, WitnessRefusal)]
    assert len(won) + len(lost) == len(bodies)
    assert all(one.refusal is Refusal.OTHER_SIZE for one in lost)
    # Sizes never fell, whatever came first.
    assert last_size(opened_again(ground)) == last_size(ground) == 5


async def test_who_goes_away_leaves_a_whole_decision(ground: Ground) -> None:
    for size in range(1, 6):
        task = asyncio.create_task(ground.witness.add_checkpoint(asked(size - 1, leaves(size))))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await ground.witness.finish()
        assert last_size(ground) == size


async def test_a_disk_that_is_full_signs_nothing(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ground.witness.add_checkpoint(asked(0, leaves(4)))
    before = ground.witness.checkpoint(NAME)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("evenhand.witness.state.replace_file", full)
        with pytest.raises(WitnessError, match="cannot be written: No space"):
            await ground.witness.add_checkpoint(asked(4, leaves(8)))
        # Evidence that cannot be kept changes no refusal.
        refusal = await refused(ground, asked(4, leaves(4, story=b"false")))
        assert refusal.refusal is Refusal.INCONSISTENT
    assert ground.witness.checkpoint(NAME) == before
    assert opened_again(ground).witness.checkpoint(NAME) == before


@pytest.mark.parametrize("step", ["fsync", "replace"])
async def test_a_crash_while_writing_leaves_the_old_or_the_new(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await ground.witness.add_checkpoint(asked(0, leaves(4)))
    calls: list[str] = []

    def dies(*_: object) -> None:
        calls.append(step)
        raise OSError(5, "killed")

    where = "evenhand.witness.files.os.fsync" if step == "fsync" else "pathlib.Path.replace"
    with monkeypatch.context() as patched:
        patched.setattr(where, dies)
        with pytest.raises(WitnessError):
            await ground.witness.add_checkpoint(asked(4, leaves(8)))
    assert calls
    again = opened_again(ground)
    assert last_size(again) == 4
    refusal = await refused(again, asked(4, leaves(8, story=b"false")))
    assert refusal.refusal is Refusal.INCONSISTENT
    await again.witness.add_checkpoint(asked(4, leaves(8)))
    # Nothing half written stays behind.
    assert [path.name for path in (ground.folder / "cosigned").iterdir()] == [NAME]


async def test_a_name_that_may_not_be_durable_counts_all_the_same(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ground.witness.add_checkpoint(asked(0, leaves(4)))

    def dies(_: object) -> None:
        raise OSError(5, "Input/output error")

    fork = [*leaves(4), *leaves(4, story=b"false")]
    with monkeypatch.context() as patched:
        patched.setattr("evenhand.witness.files.sync_folder", dies)
        with pytest.raises(WitnessError):
            await ground.witness.add_checkpoint(asked(4, leaves(8)))
    # Nobody has the cosignature, but the checkpoint may be what the next start finds.
    refusal = await refused(ground, asked(4, fork))
    assert (refusal.refusal, refusal.size) == (Refusal.OTHER_SIZE, 8)
    assert (await refused(ground, asked(8, fork))).refusal is Refusal.INCONSISTENT
    await ground.witness.add_checkpoint(asked(8, leaves(8)))
    assert last_size(opened_again(ground)) == 8


async def test_an_older_state_refuses_nothing_wrongly_and_signs_no_fork(ground: Ground) -> None:
    await ground.witness.add_checkpoint(asked(0, leaves(4)))
    older = (ground.folder / "cosigned" / NAME).read_bytes()
    await ground.witness.add_checkpoint(asked(4, leaves(8)))
    ground.state.close()
    (ground.folder / "cosigned" / NAME).write_bytes(older)
    again = open_witness(ground.folder)
    # A log that believes the witness at 8 is told where it is, and goes on from there.
    refusal = await refused(again, asked(8, leaves(9)))
    assert (refusal.refusal, refusal.size) == (Refusal.OTHER_SIZE, 4)
    for count in (4, 8, 9):
        refusal = await refused(again, asked(4, leaves(count, story=b"false")))
        assert refusal.refusal is Refusal.INCONSISTENT
    await again.witness.add_checkpoint(asked(4, leaves(9)))
    assert last_size(again) == 9


async def test_a_damaged_or_foreign_state_is_refused_by_name(ground: Ground) -> None:
    await ground.witness.add_checkpoint(asked(0, leaves(4)))
    ground.state.close()
    file = ground.folder / "cosigned" / NAME
    whole = file.read_bytes()
    for damaged in (whole.replace(b"\n4\n", b"\n3\n"), whole[:-1], b"", note(leaves(4))):
        file.write_bytes(damaged)
        with pytest.raises(WitnessError, match=NAME):
            WitnessState.open(ground.folder, keys=VERIFIERS)
    file.write_bytes(whole)
    with pytest.raises(WitnessError, match="of another witness"):
        WitnessState.open(ground.folder, keys=(OTHER.verifier,))
    file.rename(file.with_name("0" * 64))
    with pytest.raises(WitnessError, match=r"is of the log 'log\.example/w'"):
        WitnessState.open(ground.folder, keys=VERIFIERS)
    file.with_name("0" * 64).rename(file)
    assert opened_again(ground).witness.checkpoint(NAME) == whole


def test_one_folder_one_process(ground: Ground, tmp_path: Path) -> None:
    with pytest.raises(WitnessError, match="in use by another process"):
        open_witness(ground.folder)
    ground.state.close()
    ground.state.close()
    open_witness(ground.folder).state.close()
    with pytest.raises(WitnessError, match="cannot be used"):
        WitnessState.open(tmp_path / "none", keys=VERIFIERS)


async def test_the_list_is_read_anew_when_it_changes(
    ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    logs = ground.folder / "logs"
    assert (await refused(ground, asked(0, leaves(1), log=OTHER))).refusal is Refusal.UNKNOWN_LOG
    logs.write_text(f"# both\n\n {LOG.verifier.vkey}\t\n{OTHER.verifier.vkey}")
    await ground.witness.add_checkpoint(asked(0, leaves(1), log=OTHER))
    logs.write_text("nonsense\n")
    await ground.witness.add_checkpoint(asked(1, leaves(2), log=OTHER))
    assert "line 1" in caplog.text
    logs.unlink()
    await ground.witness.add_checkpoint(asked(2, leaves(3), log=OTHER))
    logs.write_text(f"{LOG.verifier.vkey}\n")
    assert (await refused(ground, asked(3, leaves(4), log=OTHER))).refusal is Refusal.UNKNOWN_LOG


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "line 1: a verifier key"),
        (KEYS[0].verifier.vkey, "key of a witness"),
        (Signer(name="l" * 256, seed=bytes(32)).verifier.vkey, "too long"),
        ("\udcff", "line 1"),
    ],
)
def test_malformed_lists_at_the_start(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "logs").write_bytes(line.encode(errors="surrogateescape"))
    from evenhand.witness import AcceptedLogs

    with pytest.raises(WitnessError, match=message):
        AcceptedLogs(tmp_path / "logs")
    with pytest.raises(WitnessError, match="cannot be read"):
        AcceptedLogs(tmp_path / "none")
