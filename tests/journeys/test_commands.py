"""The command line as its users meet it: help, exit codes, JSON (specs: interfaces)."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from tests.faults.processes import House, Ran, opened_house
from tests.faults.wire import ask, post
from tests.faults.worlds import World

from evenhand.app import serving
from evenhand.app.cli import main

DONE, NO, WRONG_USE, NOT_POSSIBLE = 0, 1, 2, 3
GROUPS: dict[str, tuple[str, ...]] = {
    "up": (),
    "demo": (),
    "workspace": ("create", "list"),
    "key": ("create", "list", "revoke"),
    "doctor": (),
    "log": ("verify", "pull"),
    "receipt": ("verify",),
    "quality": ("aggregate", "agreement", "rank"),
}


def one_sentence(text: str) -> bool:
    """What a refusal prints: one line, said by the program, without its inside."""
    lines = text.strip().splitlines()
    return len(lines) == 1 and lines[0].startswith("evenhand: ") and "Traceback" not in text


@pytest.fixture
def say(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Ran]:
    """The program's own `main` in this process, for what starts no service: a start is dear."""
    monkeypatch.setenv("EVENHAND_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("EVENHAND_DATABASE_URL", raising=False)

    def serve(*_: object, **__: object) -> None:
        raise AssertionError("a service would be started")

    monkeypatch.setattr(serving, "serve", serve)

    def say(*arguments: str) -> Ran:
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as end:  # How argparse ends.
            code = end.code
        said = capsys.readouterr()
        assert isinstance(code, int)
        return Ran(subprocess.CompletedProcess(arguments, code, said.out, said.err))

    return say


def test_help_names_every_command_and_every_command_has_help(
    house: House, say: Callable[..., Ran]
) -> None:
    top = house.run("--help")
    assert top.code == DONE
    assert top.out == say("--help").out
    for group in GROUPS:
        assert re.search(rf"^\s+{group}\b", top.out, re.MULTILINE), group

    asked = [(group,) for group in GROUPS]
    asked += [(group, command) for group, commands in GROUPS.items() for command in commands]
    answers = {words: say(*words, "--help") for words in asked}
    for words, said in answers.items():
        assert said.code == DONE, words
        assert said.err == "", words
        assert f"usage: evenhand {' '.join(words)}" in said.out, words
    for group, commands in GROUPS.items():
        for command in commands:
            assert command in answers[group,].out
    assert house.run("--version").out.startswith("evenhand ")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("workspace",),
        ("workspace", "create"),
        ("workspace", "create", "x"),
        ("key", "create"),
        ("key", "create", "--workspace", "w", "--role", "king", "--mode", "live"),
        ("key", "create", "--workspace", "w", "--role", "owner", "--mode", "prod"),
        ("key", "revoke", "no-id", "--workspace", "w"),
        ("up", "--port", "70000"),
        ("up", "--port", "-1"),
        ("up", "--port", "x"),
        ("up", "--workers", "0"),
        ("up", "--workers", "1000"),
        ("up", "--unknown"),
        ("log", "verify"),
        ("log", "verify", "somewhere", "--key", "no-key"),
        ("log", "pull", "x"),
        ("receipt", "verify"),
        ("workspace", "list", "--database-url", "mysql://x/y"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_2(say: Callable[..., Ran], arguments: tuple[str, ...]) -> None:
    ran = say(*arguments)
    assert ran.code == WRONG_USE, ran.err
    assert ran.out == ""
    assert ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "arguments",
    [(), ("up", "--port", "70000"), ("workspace", "list", "--database-url", "mysql://x/y")],
    ids=" ".join,
)
def test_wrong_use_is_2_of_the_program_too(
    house: House, say: Callable[..., Ran], arguments: tuple[str, ...]
) -> None:
    """By the parser alone, by a type of an argument, by the command: the exit code comes out."""
    ran = house.run(*arguments)
    told = say(*arguments)
    assert (ran.code, ran.out, ran.err) == (WRONG_USE, "", told.err)


def test_workspaces_are_made_and_listed_beside_the_running_service(
    house: House, world: World
) -> None:
    name = f"beta {uuid4().hex[:6]}"
    made = house.run(
        "workspace",
        "create",
        name,
        "--owner",
        "o@beta.example",
        "--domain",
        "beta.example",
        "--json",
    )
    assert made.code == DONE, made.err
    assert set(made.json) == {"id", "name", "owner_code", "log_vkey"}
    assert made.json["owner_code"].startswith("code_")
    listed = house.run("workspace", "list", "--json")
    assert listed.code == DONE
    assert {"id": made.json["id"], "name": name} in listed.json
    assert {"id": world.workspace, "name": "acme"} in listed.json
    plain = house.run("workspace", "list")
    assert f"{made.json['id']} {name}" in plain.out.splitlines()
    # The owner can come in with the code, once.
    key = house.accept(made.json["owner_code"])
    me = ask(house.url, "GET", "/api/v1/me", key=key).json
    assert me["workspace"]["id"] == made.json["id"]
    assert me["member"]["role"] == "owner"


@pytest.mark.parametrize(
    "arguments",
    [
        ("", "--owner", "o@x.example"),
        ("x" * 201, "--owner", "o@x.example"),
        ("x", "--owner", "no-address"),
        ("x", "--owner", ""),
        ("x", "--owner", "o@x.example", "--domain", "NOT a domain"),
    ],
)
def test_a_workspace_that_cannot_be_is_wrong_use_and_not_made(
    house: House, arguments: tuple[str, ...]
) -> None:
    before = len(house.run("workspace", "list", "--json").json)
    ran = house.run("workspace", "create", *arguments)
    assert ran.code == WRONG_USE, ran.err
    assert "Traceback" not in ran.err
    assert len(house.run("workspace", "list", "--json").json) == before


def test_keys_are_made_listed_and_revoked(house: House, world: World) -> None:
    made = house.run(
        "key", "create", "--workspace", "acme", "--role", "manager", "--mode", "test", "--json"
    )
    assert made.code == DONE, made.err
    key = made.json["api_key"]
    assert key.startswith("test_")
    assert ask(house.url, "GET", "/api/v1/me", key=key).json["member"]["role"] == "manager"
    plain = house.run(
        "key", "create", "--workspace", world.workspace, "--role", "auditor", "--mode", "live"
    )
    assert plain.out.startswith("live_")
    assert len(plain.out.split()) == 1, "a script reads the key and nothing else"
    listed = house.run("key", "list", "--workspace", "acme", "--json")
    rows = {row["id"]: row for row in listed.json}
    assert rows[made.json["id"]]["revoked"] is False
    assert key not in listed.out
    gone = house.run("key", "revoke", made.json["id"], "--workspace", "acme", "--json")
    assert gone.code == DONE, gone.err
    assert gone.json == {"id": made.json["id"], "revoked": True}
    assert ask(house.url, "GET", "/api/v1/me", key=key).status == 401
    again = house.run("key", "revoke", made.json["id"], "--workspace", "acme")
    assert again.code == NO
    assert one_sentence(again.err)
    unknown = house.run("key", "list", "--workspace", "nobody")
    assert unknown.code == NO
    assert one_sentence(unknown.err)


def test_two_workspaces_of_one_name_must_be_named_by_id(house: House) -> None:
    name = f"twins-{uuid4().hex[:6]}"
    ids = [
        house.run("workspace", "create", name, "--owner", "o@twins.example", "--json").json["id"]
        for _ in range(2)
    ]
    ran = house.run("key", "list", "--workspace", name)
    assert ran.code == WRONG_USE
    assert one_sentence(ran.err)
    assert house.run("key", "list", "--workspace", ids[0], "--json").code == DONE


def test_the_auditors_way(house: House, world: World, tmp_path: Path) -> None:
    """Verify over the network, pull, verify the folder offline, verify a receipt, tamper."""
    key_file = tmp_path / "auditor.key"
    key_file.write_text(world.keys["auditor"] + "\n")
    url = f"{house.url}/log/{world.workspace}"
    reading = ("--key", world.vkey, "--api-key-file", str(key_file))
    state = tmp_path / "state.json"
    said = house.run("log", "verify", url, *reading, "--state", str(state), "--json")
    assert said.code == DONE, said.err
    assert said.json["verified"] is True
    assert said.json["size"] > 10
    assert said.json["kinds"]["payload.released/1"] >= 18
    folder = tmp_path / "log"
    pulled = house.run("log", "pull", url, "--out", str(folder), *reading, "--json")
    assert pulled.code == DONE, pulled.err
    again = house.run("log", "pull", url, "--out", str(folder), *reading, "--json")
    assert again.code == DONE
    offline = house.run("log", "verify", str(folder), "--key", world.vkey, "--state", str(state))
    assert offline.code == DONE, offline.err
    # Without --key the key comes from the state file, never from the server.
    assert house.run("log", "verify", str(folder), "--state", str(state)).code == DONE
    assert house.run("log", "verify", str(folder)).code == WRONG_USE
    receipt = tmp_path / "receipt.tlog-proof"
    receipt.write_bytes(ask(house.url, "GET", "/api/v1/receipts/3", key=world.owner).body)
    proved = house.run("receipt", "verify", str(receipt), "--json")
    assert proved.code == DONE, proved.err
    assert proved.json["index"] == 3
    assert house.run("receipt", "verify", str(receipt), "--key", world.vkey).code == DONE
    _tamper(house, world, folder, receipt)


def _tamper(house: House, world: World, folder: Path, receipt: Path) -> None:
    """One changed bit anywhere is exit 1 with a sentence that names the place."""
    entries = max(folder.glob("tile/entries/**/*"), key=lambda path: path.is_file())
    data = bytearray(entries.read_bytes())
    data[len(data) // 2] ^= 1
    entries.write_bytes(data)
    ran = house.run("log", "verify", str(folder), "--key", world.vkey)
    assert ran.code == NO, ran.err
    assert "Traceback" not in ran.err
    whole = receipt.read_bytes()
    for place in (len(whole) // 3, len(whole) // 2, len(whole) - 20):
        broken = bytearray(whole)
        broken[place] ^= 1
        receipt.write_bytes(broken)
        ran = house.run("receipt", "verify", str(receipt))
        assert ran.code == NO, (place, ran.err)
        assert one_sentence(ran.err), ran.err
    receipt.write_bytes(whole)
    stranger = "evenhand.local/x+c25315ad+ARusrh1l7Q66gGxEH+S2VkKt9P2dGCWTlkcuJVynBRgo"
    assert house.run("receipt", "verify", str(receipt), "--key", stranger).code in {NO, WRONG_USE}


def test_a_log_that_the_key_may_not_read_or_that_is_not_there_is_3(
    house: House, world: World, tmp_path: Path
) -> None:
    url = f"{house.url}/log/{world.workspace}"
    key_file = tmp_path / "some.key"
    for secret in (world.annotators[0], "live_wrong"):
        key_file.write_text(secret)
        ran = house.run("log", "verify", url, "--key", world.vkey, "--api-key-file", str(key_file))
        assert ran.code == NOT_POSSIBLE, ran.err
        assert one_sentence(ran.err)
        assert secret not in ran.err
    key_file.write_text(world.keys["auditor"])
    for source in (
        f"{house.url}/log/{uuid4()}",
        "http://127.0.0.1:1/log/x",
        str(tmp_path / "nowhere"),
    ):
        ran = house.run(
            "log", "verify", source, "--key", world.vkey, "--api-key-file", str(key_file)
        )
        assert ran.code == NOT_POSSIBLE, ran.err
        assert one_sentence(ran.err)
    assert house.run("receipt", "verify", str(tmp_path / "nowhere")).code == NOT_POSSIBLE


def test_other_addresses_than_loopback_need_the_word_insecure(house: House) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org", ""):
        ran = house.run("up", "--host", host, "--port", "0")
        assert ran.code == WRONG_USE, (host, ran.err)
        assert one_sentence(ran.err)
    assert "--insecure" in house.run("up", "--host", "0.0.0.0", "--port", "0").err


def test_up_says_ready_and_where(house: House) -> None:
    assert house.output.read_text().startswith(f"ready {house.url}\n")
    said = json.loads(house.ready_file.read_text())
    assert said == {"url": house.url, "pid": house.pid}
    assert ask(house.url, "GET", "/healthz").json == {"alive": True}


def test_a_service_that_cannot_start_says_why_in_a_sentence(tmp_path: Path) -> None:
    with opened_house() as house:
        blocked = house.folder / "file"
        blocked.write_text("no folder")
        ran = house.run("up", "--data", str(blocked), "--port", "0")
        assert ran.code == NOT_POSSIBLE, ran.err
        assert one_sentence(ran.err), ran.err
        ran = house.run("up", "--port", "0", "--ready-file", str(house.folder / "no" / "ready"))
        assert ran.code == NOT_POSSIBLE, ran.err
        assert one_sentence(ran.err), ran.err
        begun = time.monotonic()
        ran = house.run(
            "workspace", "list", "--database-url", "postgresql://x:y@127.0.0.1:1/nothing"
        )
        assert ran.code == NOT_POSSIBLE
        assert one_sentence(ran.err)
        assert time.monotonic() - begun < 20


def test_commands_need_no_running_service() -> None:
    with opened_house() as house:
        made = house.make_workspace("cold")
        assert [row["id"] for row in house.run("workspace", "list", "--json").json] == [made["id"]]
        key = house.run(
            "key", "create", "--workspace", "cold", "--role", "owner", "--mode", "live"
        ).out.strip()
        house.up()
        assert (
            post(
                house.url, "/api/v1/projects", {"name": "P", "task_type": "pairwise"}, key=key
            ).status
            == 201
        )


def test_doctor_finds_a_sound_house_sound(house: House, world: World) -> None:
    ran = house.run("doctor", "--verify", "--json")
    assert (ran.code, ran.json["sound"]) == (DONE, True)
    mine = [one for one in ran.json["workspaces"] if one["id"] == world.workspace]
    assert len(mine) == 1
    assert mine[0]["entries"] > 0
    told = house.run("doctor", "--verify", "--workspace", world.workspace)
    assert (told.code, "0 broken" in told.out, "each compared" in told.out) == (DONE, True, True)
    assert "catalogue" in house.run("doctor").out
    assert house.run("doctor", "--workspace", "nobody").code == NO
