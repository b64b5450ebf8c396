from __future__ import annotations

import asyncio
import itertools
import json
import socket
import stat
from pathlib import Path

import pytest
from tests.witness.processes import WitnessProcess, running
from tests.witness.processes import run as run_apart
from tests.witness.wire import KEYS, LOG, asked, head, leaves, open_witness, post

from evenhand.app.cli import main as evenhand
from evenhand.tlog import Algorithm, parse_vkey
from evenhand.witness import WitnessError, load_keys, main, make_keys


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    code = main([str(word) for word in argv])
    out, err = capsys.readouterr()
    return code, out, err


def test_init(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new" / "w"
    init = ("init", "--folder", folder, "--name", "w.example/1")
    code, out, _ = run(capsys, *init, "--ml-dsa-44")
    assert code == 0
    shown = [parse_vkey(line) for line in out.splitlines()]
    assert [key.algorithm for key in shown] == [Algorithm.COSIGNATURE_V1, Algorithm.ML_DSA_44]
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    keys = load_keys(folder / "key")
    assert [key.verifier for key in keys] == shown
    assert keys[0].seed != keys[1].seed
    # Keys are never made over others.
    before = (folder / "key").read_bytes()
    code, out, err = run(capsys, *init)
    assert (code, out, before) == (2, "", (folder / "key").read_bytes())
    assert "a witness is there already" in err
    code, out, _ = run(capsys, "status", "--folder", folder)
    assert (code, out) == (0, "".join(f"key: {key.vkey}\n" for key in shown))


def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "init", "--folder", tmp_path, "--name", "a b")
    assert code == 2
    assert "has a space" in err
    (tmp_path / "file").touch()
    code, _, err = run(capsys, "init", "--folder", tmp_path / "file", "--name", "w")
    assert (code, "cannot be written" in err) == (3, True)
    code, _, err = run(capsys, "serve", "--folder", tmp_path / "none")
    assert (code, "cannot be read" in err) == (3, True)
    for wrong in ("65536", "-1", "x"):
        with pytest.raises(SystemExit, match="2"):
            main(["serve", "--folder", str(tmp_path), "--port", wrong])


def test_a_taken_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "init", "--folder", tmp_path, "--name", "w")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = run_apart("serve", "--folder", tmp_path, "--port", port)
    assert said.returncode == 3
    assert f"port {port} of 127.0.0.1 cannot be used" in said.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is empty"), ("nonsense\n", "begins with PRIVATE"), ("\udcff\n", "not UTF-8")],
)
def test_no_keys(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "key"
    file.write_bytes(text.encode(errors="surrogateescape"))
    file.chmod(0o600)
    with pytest.raises(WitnessError, match=message):
        load_keys(file)
    file.chmod(0o640)
    with pytest.raises(WitnessError, match="read by others"):
        load_keys(file)


def test_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ground = open_witness(tmp_path)
    asyncio.run(ground.witness.add_checkpoint(asked(0, leaves(4))))
    make_keys(tmp_path / "key", KEYS)
    code, out, _ = run(capsys, "status", "--folder", tmp_path)
    assert code == 0
    assert out.splitlines()[-1] == "log: log.example/w size 4, 0 refused checkpoints kept"
    code, out, _ = run(capsys, "status", "--folder", tmp_path, "--json")
    assert json.loads(out)["logs"] == [
        {
            "origin": LOG.name,
            "size": 4,
            "root": head(leaves(4)).root.hex(),
            "refused": 0,
        }
    ]
    ground.state.close()


def test_the_program_has_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "w")
    assert evenhand(["witness", "init", "--folder", folder, "--name", "w"]) == 0
    assert evenhand(["witness", "status", "--folder", folder, "--json"]) == 0
    vkey, status = capsys.readouterr().out.splitlines()
    assert json.loads(status) == {"keys": [vkey], "logs": []}


def test_a_bad_policy_is_said_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy"
    policy.write_text("quorum none\nnonsense\n")
    up = ["up", "--port", "0", "--data", str(tmp_path / "data"), "--witness-policy", str(policy)]
    assert evenhand(up) == 2
    assert "cannot be used: line 2: 'nonsense'" in capsys.readouterr().err
    assert not (tmp_path / "data" / "postgres").exists()


async def grow_until_killed(witness: WitnessProcess, *, after_s: float) -> int:
    """Ask for one size after another while it is killed; gives the last size that was answered."""
    killing = asyncio.get_running_loop().call_later(after_s, witness.process.kill)
    answered = witness.size(LOG.name)
    for size in itertools.count(answered + 1):
        try:
            said = await post(witness.port, asked(size - 1, leaves(size)))
        except (OSError, asyncio.IncompleteReadError):
            break
        assert said.status == 200
        answered = size
    killing.cancel()
    return answered


def test_a_process_that_is_stopped_and_killed_forgets_nothing(tmp_path: Path) -> None:
    with running(tmp_path, 1) as (witness,):
        witness.accept(LOG.verifier.vkey)
        said = asyncio.run(post(witness.port, asked(0, leaves(1))))
        assert (said.status, witness.stop()) == (200, 0)
        assert (witness.size(LOG.name), witness.refused(LOG.name)) == (1, 0)
        witness.start()
        witness.wait_ready()
        answered = asyncio.run(grow_until_killed(witness, after_s=0.3))
        witness.process.wait(30)
        # Durable before it was answered; the one in flight may be durable too.
        size = witness.size(LOG.name)
        assert answered > 1
        assert size in {answered, answered + 1}
        witness.start()
        witness.wait_ready()
        said = asyncio.run(post(witness.port, asked(size, leaves(size, story=b"false"))))
        assert said.status == 422
        assert witness.refused(LOG.name) == 1
        said = asyncio.run(post(witness.port, asked(size, leaves(size + 1))))
        assert said.status == 200
        # The folder is in use.
        assert run_apart("serve", "--folder", witness.folder, "--port", 0).returncode == 3
        assert witness.output.count("ready http://127.0.0.1:") == 3
        assert f"contradiction of size {size}" in witness.output
