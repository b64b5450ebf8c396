"""One round of the whole work, the same on the embedded PostgreSQL and on an external 15."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator

import pytest
from tests.exports.judged import People, export, make_judged, run_consensus
from tests.faults.external import opened_postgres
from tests.faults.processes import House, opened_house, wait_until
from tests.faults.wire import ask
from tests.faults.worlds import bring_in, invite, item_lines

from evenhand.receipts import open_receipt
from evenhand.tlog import parse_vkey

CHOICES = ("left", "right", "tie", "left")


@pytest.fixture(params=["embedded", "external"])
def house(request: pytest.FixtureRequest) -> Generator[House]:
    with contextlib.ExitStack() as opened:
        url = None
        if request.param == "external":
            url = opened.enter_context(opened_postgres()).make_database("evenhand_here")
        house = opened.enter_context(opened_house(database_url=url))
        house.up()
        yield house


def test_the_whole_round(house: House) -> None:
    made = house.make_workspace("acme")
    owner = house.accept(made["owner_code"])
    people = People(
        made["id"],
        made["log_vkey"],
        owner,
        tuple(invite(house, owner, f"a{number}")[1] for number in range(2)),
    )
    rows = [json.loads(line) for line in item_lines(12).splitlines()]
    judged = make_judged(house, people, rows, CHOICES, hold=3)
    said = bring_in(house, judged.project, item_lines(1), key=owner)
    assert (said.status, said.code) == (409, "item_exists")
    run = run_consensus(house, owner, judged.project)
    assert run["summary"]["judgments"] == 24
    lines = export(house, owner, judged.project, "trl").body.splitlines()
    ties = export(house, owner, judged.project, "trl-ties").body.splitlines()
    wanted = [answer["choice"] for answer in judged.answers.values()]
    assert (len(lines), len(ties)) == (24 - wanted.count("tie"), wanted.count("tie"))
    shown = ask(house.url, "GET", "/api/v1/exposure", key=owner).json
    assert sorted(row["item_count"] for row in shown["members"]) == [12, 12]
    receipt = ask(house.url, "GET", "/api/v1/receipts/0", key=owner)
    leaf = open_receipt(receipt.body, log=parse_vkey(made["log_vkey"])).leaf
    assert leaf.kind == "workspace.created/1"
    # Everything is there again after a stop.
    assert house.stop() == 0
    house.up()
    assert export(house, owner, judged.project, "trl").body.splitlines() == lines
    key_file = house.folder / "key"
    key_file.write_text(owner)
    wait_until(
        lambda: _verified(house, made, str(key_file)) >= 24,
        seconds=15,
        what="all releases are published",
    )


def _verified(house: House, made: dict[str, str], key_file: str) -> int:
    """Releases in the published log, which verifies; its files may lag behind for a second."""
    said = house.run(
        "log",
        "verify",
        f"{house.url}/log/{made['id']}",
        "--key",
        made["log_vkey"],
        "--api-key-file",
        key_file,
        "--json",
    )
    assert said.code == 0, said.err
    return said.json["kinds"]["payload.released/1"]
