"""Policies in the verifier: a quorum is reached or named, and the logs of a policy are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.verify.logs import LOG, checkpoint, entries, receipt, write_log
from tests.verify.test_cli import run

from evenhand.tlog import Algorithm, Cosigner, Signer, parse_note, render_note

NOW_S = 1_800_000_000
AT = "2027-01-15T08:00:00+00:00"
WITNESSES = [
    Cosigner(name="w.example/0", seed=b"0" * 32),
    Cosigner(name="w.example/1", seed=b"1" * 32, algorithm=Algorithm.ML_DSA_44),
    Cosigner(name="w.example/2", seed=b"2" * 32),
]
NEXT_KEY = Signer(name=LOG.name, seed=b"n" * 32)
VKEY = LOG.verifier.vkey


def lines(*more: str, witnesses: list[Cosigner] | None = None) -> str:
    named = [f"witness W{i} {w.verifier.vkey}" for i, w in enumerate(witnesses or WITNESSES)]
    return "".join(f"{line}\n" for line in [*named, *more])


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """Two of three."""
    file = tmp_path / "policy"
    file.write_text(lines("group Q 2 W0 W1 W2", "quorum Q"))
    return file


@pytest.fixture
def log(tmp_path: Path) -> Path:
    write_log(tmp_path / "log", entries(300))
    return tmp_path / "log"


def cosign(log: Path, *which: int, time_s: int = NOW_S) -> None:
    parsed = parse_note(checkpoint(entries(300)))
    more = [WITNESSES[i].cosign(parsed.text, time_s=time_s) for i in which]
    note = render_note(text=parsed.text, signatures=[*parsed.signatures, *more])
    (log / "checkpoint").write_bytes(note)


def proof_of(log: Path) -> Path:
    file = log.parent / "a.tlog-proof"
    file.write_bytes(receipt(log, entries(300), 7))
    return file


def both(log: Path, *options: object) -> list[tuple[object, ...]]:
    """The two commands."""
    return [
        ("log", "verify", log, *options),
        ("receipt", "verify", proof_of(log), *options),
    ]


@pytest.mark.parametrize("which", [(0, 1), (1, 2), (2, 1, 0)])
def test_a_quorum_is_reached(
    log: Path, policy: Path, capsys: pytest.CaptureFixture[str], which: tuple[int, ...]
) -> None:
    cosign(log, *which)
    for command in both(log, "--policy", policy, "--key", VKEY):
        code, out, err = run(capsys, *command, "--json")
        assert code == 0, err
        found = json.loads(out)
        assert found["cosigned"] == [f"w.example/{i} at {AT}" for i in sorted(which)]
        assert "the quorum of the policy has cosigned the checkpoint" in found["proved"]
        assert not any("this history to everyone" in one for one in found["not_proved"])
        # Without a policy they are reported, and prove nothing.
        code, out, _ = run(capsys, *command[:3], "--key", VKEY)
        assert code == 0
        assert "not proved: that the log shows this history to everyone" in out


@pytest.mark.parametrize("which", [(), (0,), (1,)])
def test_below_the_quorum_what_is_missing_is_named(
    log: Path, policy: Path, capsys: pytest.CaptureFixture[str], which: tuple[int, ...]
) -> None:
    cosign(log, *which)
    for command in both(log, "--policy", policy, "--key", VKEY):
        code, out, err = run(capsys, *command)
        assert (code, out) == (1, "")
        assert f"group Q has {len(which)} of the 2 that it needs out of 3" in err
        for i in range(3):
            assert (f"no cosignature of witness W{i}, w.example/{i}" in err) is (i not in which)


def test_a_foreign_policy_refuses(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cosign(log, 0, 1, 2)
    foreign = tmp_path / "foreign"
    others = [Cosigner(name=f"w.example/{i}", seed=bytes([i]) * 32) for i in range(3)]
    foreign.write_text(lines("group Q any W0 W1 W2", "quorum Q", witnesses=others))
    for command in both(log, "--policy", foreign, "--key", VKEY):
        code, _, err = run(capsys, *command)
        assert code == 1
        assert "group Q has 0 of the 1 that it needs out of 3" in err


def test_a_cosignature_that_does_not_verify_condemns(
    log: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cosign(log, 0, 1, 2)
    note = (log / "checkpoint").read_bytes()
    parsed = parse_note(note)
    forged = WITNESSES[2].cosign(parsed.text.replace(b"\n300\n", b"\n301\n"), time_s=NOW_S)
    note = render_note(text=parsed.text, signatures=[*parsed.signatures[:3], forged])
    (log / "checkpoint").write_bytes(note)
    for command in both(log, "--policy", policy, "--key", VKEY):
        code, _, err = run(capsys, *command)
        assert (code, "the signature of w.example/2 does not verify" in err) == (1, True)


def test_the_logs_of_a_policy_are_known(
    log: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cosign(log, 0, 1)
    text = policy.read_text()
    for first, second in ((NEXT_KEY.verifier.vkey, VKEY), (VKEY, NEXT_KEY.verifier.vkey)):
        policy.write_text(f"log {first}\nlog {second}\n{text}")
        for command in both(log, "--policy", policy):
            code, out, err = run(capsys, *command)
            assert code == 0, err
            assert f"key: {VKEY}\n" in out
    policy.write_text(f"log {NEXT_KEY.verifier.vkey}\n{text}")
    for command in both(log, "--policy", policy):
        code, _, err = run(capsys, *command)
        assert (code, "not signed by" in err or "no signature of a known key" in err) == (1, True)
    for command in both(log, "--policy", policy, "--key", VKEY):
        code, _, err = run(capsys, *command)
        assert (code, "the policy does not list the log's key" in err) == (1, True)
    other = Signer(name="log.example/other", seed=b"o" * 32)
    policy.write_text(f"log {other.verifier.vkey}\n{text}")
    code, _, err = run(capsys, "log", "verify", log, "--policy", policy)
    assert (code, "the policy lists no log 'log.example/w'" in err) == (1, True)
    # A receipt's key may then still be one of the known ones, but those must be listed.
    known = tmp_path / "known-logs"
    known.mkdir()
    (known / "w.vkey").write_text(VKEY)
    command = ("receipt", "verify", proof_of(log), "--data", tmp_path, "--policy", policy)
    assert run(capsys, *command)[0] == 1
    policy.write_text(text)
    assert run(capsys, *command)[0] == 0


def test_a_state_file_and_a_policy(
    log: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("log", "verify", log, "--state", tmp_path / "state", "--policy", policy)
    assert run(capsys, *command, "--key", VKEY)[0] == 1
    assert not (tmp_path / "state").exists()
    cosign(log, 0, 2)
    assert run(capsys, *command, "--key", VKEY)[0] == 0
    assert run(capsys, *command)[0] == 0


def test_wrong_use(log: Path, policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in both(log, "--policy", policy.with_name("none"), "--key", VKEY):
        code, _, err = run(capsys, *command)
        assert (code, "none does not exist" in err) == (3, True)
    # A policy that lists no log does not say whose log it is.
    code, _, err = run(capsys, "log", "verify", log, "--policy", policy)
    assert (code, "--key" in err) == (2, True)
    policy.write_text("quorum none\nnonsense\n")
    for command in both(log, "--policy", policy, "--key", VKEY):
        code, _, err = run(capsys, *command)
        assert (code, "policy, line 2: 'nonsense' is not one of" in err) == (2, True)


def test_no_quorum_and_a_far_future(
    log: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cosign(log, 0, time_s=2**60)
    policy.write_text(lines("quorum none"))
    for command in both(log, "--policy", policy, "--key", VKEY):
        code, out, _ = run(capsys, *command)
        assert code == 0
        assert f"cosigned: w.example/0 at POSIX time {2**60}\n" in out
        assert "not proved: that the log shows this history to everyone" in out


def test_a_log_that_is_no_log(log: Path, policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (log / "checkpoint").write_bytes(b"nonsense")
    code, _, err = run(capsys, "log", "verify", log, "--policy", policy, "--key", VKEY)
    assert (code, "checkpoint: the note has no signature lines" in err) == (1, True)
