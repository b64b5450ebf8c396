import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.verify.logs import LOG, entries, receipt, serving, write_log

from evenhand.tlog import Checkpoint, Edge, Signer, leaf_hashes, render_base64, sign_checkpoint
from evenhand.verify import main
from evenhand.verify.cli import escape

VKEY = LOG.verifier.vkey


@pytest.fixture
def log(tmp_path: Path) -> Path:
    write_log(tmp_path / "log", entries(300))
    return tmp_path / "log"


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    try:
        code = main([str(word) for word in argv])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert isinstance(code, int)
    return code, out, err


def test_log_verify(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "state"
    code, out, err = run(capsys, "log", "verify", log, "--key", VKEY, "--state", state)
    assert code == 0
    assert "size: 300\n" in out
    assert "kinds: payload.released/1 300\n" in out
    assert "not proved: that nothing happened which was not logged\n" in out
    assert err == "verified 256 of 300 entries\nverified 300 of 300 entries\n"
    code, out, _ = run(capsys, "log", "verify", log, "--state", state, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["verified"] is True
    assert (found["size"], found["previous_size"], found["key"]) == (300, 300, VKEY)
    assert found["root"] == render_base64(Edge.EMPTY.extend(leaf_hashes(entries(300))).root())


def test_progress_is_sparse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_log(tmp_path / "log", entries(5_000))
    code, _, err = run(capsys, "log", "verify", tmp_path / "log", "--key", VKEY)
    assert code == 0
    assert len(err.splitlines()) == 10
    assert err.endswith("verified 5000 of 5000 entries\n")


def test_log_verify_refuses(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = log / "tile/entries/000"
    file.write_bytes(file.read_bytes().replace(b"payload", b"payloae", 1))
    code, out, err = run(capsys, "log", "verify", log, "--key", VKEY, "--json")
    assert (code, out) == (1, "")
    assert (
        err
        == "evenhand: refused: tile/entries/000, entry 0: not the entry that the tree commits to\n"
    )


def test_log_verify_wrong_use(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for argv in (
        ("log", "verify", log),
        ("log", "verify", log, "--state", tmp_path / "none"),
        ("log", "verify", log, "--key", VKEY[:-1]),
        ("log", "verify", log, "--key", "a\x1b[31m+b"),
        ("log", "verify", "ftp://x/", "--key", VKEY),
        ("log", "verify"),
        ("log",),
        (),
        ("log", "pull", log),
    ):
        code, out, err = run(capsys, *argv)
        assert (code, out) == (2, "")
        assert err
        assert "\x1b" not in err


def test_log_verify_cannot(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty"
    empty.write_text("")
    for argv in (
        ("log", "verify", tmp_path, "--key", VKEY),
        ("log", "verify", log, "--key", VKEY, "--state", empty),
        ("log", "verify", log, "--key", VKEY, "--state", log / "checkpoint" / "state"),
        ("log", "verify", log, "--key", VKEY, "--api-key-file", empty),
        ("log", "verify", log, "--key", VKEY, "--api-key-file", tmp_path / "none"),
    ):
        code, out, err = run(capsys, *argv)
        assert (code, out) == (3, ""), argv
        assert err.splitlines()[-1].startswith("evenhand: ")


def test_log_pull(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy"
    (tmp_path / "key").write_text("live_secret\n")
    with serving(log) as server:
        server.api_key = "live_secret"
        argv = ["log", "pull", server.address, "--out", copy, "--json"]
        assert run(capsys, *argv)[0] == 3
        code, out, _ = run(capsys, *argv, "--api-key-file", tmp_path / "key", "--key", VKEY)
    assert code == 0
    assert json.loads(out)["fetched"] == 5
    assert json.loads(out)["signature_verified"] is True
    assert run(capsys, "log", "verify", copy, "--key", VKEY)[0] == 0


def test_receipt_verify(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.tlog-proof"
    file.write_bytes(receipt(log, entries(300), 7))
    code, out, _ = run(capsys, "receipt", "verify", file, "--key", VKEY, "--json")
    assert code == 0
    assert (json.loads(out)["index"], json.loads(out)["entry"]) == (7, entries(8)[7].decode())
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENHAND_DATA", raising=False)
    code, _, err = run(capsys, "receipt", "verify", file)
    assert code == 2
    assert "--key" in err
    known = tmp_path / "home/.local/share/evenhand/known-logs"
    known.mkdir(parents=True)
    (known / "w.vkey").write_text(VKEY + "\n")
    assert run(capsys, "receipt", "verify", file)[0] == 0
    monkeypatch.setenv("EVENHAND_DATA", str(tmp_path / "elsewhere"))
    assert run(capsys, "receipt", "verify", file)[0] == 2
    shutil.move(known, tmp_path / "elsewhere/known-logs")
    assert run(capsys, "receipt", "verify", file)[0] == 0
    assert run(capsys, "receipt", "verify", file, "--data", tmp_path / "home")[0] == 2
    assert run(capsys, "receipt", "verify", tmp_path / "none", "--key", VKEY)[0] == 3
    file.write_bytes(file.read_bytes().replace(b"index 7", b"index 8"))
    code, out, err = run(capsys, "receipt", "verify", file, "--key", VKEY)
    assert (code, out) == (1, "")
    assert "does not lead to the root" in err


def test_nothing_from_a_file_moves_the_cursor(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    origin = "evil\u202e\x7f\u0085\u2066"
    signer = Signer(name="log.example/w", seed=b"l" * 32)
    root = Edge.EMPTY.extend(leaf_hashes(entries(300))).root()
    note = sign_checkpoint(Checkpoint(origin, 300, root), signers=[signer])
    (log / "checkpoint").write_bytes(note)
    code, _, err = run(capsys, "log", "verify", log, "--key", VKEY)
    assert code == 1
    assert err.removesuffix("\n").isprintable()
    code, out, _ = run(capsys, "log", "pull", log, "--out", log.parent / "copy")
    assert code == 0
    assert "origin: evil\\u202e\\x7f\\x85\\u2066\n" in out


def test_escape() -> None:
    assert escape("a\x1b[0m\r\n\t\u2028é") == "a\\x1b[0m\\r\\n\\t\\u2028é"


def test_python_m(
    log: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["evenhand", "log", "verify", str(log), "--key", VKEY])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("evenhand.verify", run_name="__main__")
    assert stop.value.code == 0
    assert "size: 300" in capsys.readouterr().out


def test_it_runs_alone_and_without_the_platform(log: Path) -> None:
    program = (
        "import sys, runpy\n"
        "sys.argv = ['evenhand', *sys.argv[1:]]\n"
        "try:\n"
        "    runpy.run_module('evenhand.verify', run_name='__main__')\n"
        "except SystemExit as stop:\n"
        "    bad = [m for m in sys.modules if m.startswith('evenhand.')\n"
        "           and m.split('.')[1] not in ('tlog', 'receipts', 'verify')]\n"
        "    assert not bad, bad\n"
        "    third = {'asyncpg', 'fastapi', 'numpy', 'pydantic', 'msgspec'} & set(sys.modules)\n"
        "    assert not third, third\n"
        "    raise\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "log", "verify", str(log), "--key", VKEY],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=dict(os.environ),
    )
    assert (done.returncode, "size: 300" in done.stdout) == (0, True), done.stderr
