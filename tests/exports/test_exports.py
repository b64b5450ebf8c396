"""What leaves: each judgment once, byte for byte, logged before the first byte."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from tests.exports.judged import HOSTILE, Judged, People, export, make_judged, run_consensus
from tests.faults.processes import House, resident_bytes
from tests.faults.wire import ask, head_of, open_socket, post
from tests.faults.worlds import bring_in, make, make_project
from tests.routes.operations import check_problem

from evenhand.formats import parse_trl, render_trl
from evenhand.receipts import open_receipt
from evenhand.tlog import parse_vkey

MIB = 1024 * 1024


def hostile_rows() -> Iterator[dict[str, Any]]:
    """Each text once in each place; prompts may not be blank."""
    for number, text in enumerate(HOSTILE):
        prompt = text if text.strip() else f"[{text}]"
        yield {
            "id": f"id {number} {text[:100]}",
            "payload": {"prompt": prompt, "left": text, "right": HOSTILE[-number - 1]},
            "meta": {"left": f"m{text[:100]}", "right": "rival", "note": text},
        }


@pytest.fixture(scope="module")
def hostile(house: House, people: People) -> Judged:
    return make_judged(house, people, list(hostile_rows()))


def test_each_judgment_is_in_exactly_one_of_the_two_files(
    house: House, people: People, hostile: Judged
) -> None:
    files = {
        form: export(house, people.owner, hostile.project, form) for form in ("trl", "trl-ties")
    }
    rows = {
        form: [json.loads(line) for line in said.body.split(b"\n")[:-1]]
        for form, said in files.items()
    }
    for form, said in files.items():
        assert said.body.endswith(b"\n")
        assert said.headers["content-type"] == "application/x-ndjson"
        assert said.headers["content-disposition"] == "attachment"
        assert said.headers["x-content-type-options"] == "nosniff"
        assert len(rows[form]) == len({row["judgment_id"] for row in rows[form]})
    ids = [row["judgment_id"] for form in rows for row in rows[form]]
    assert sorted(ids) == sorted(hostile.answers)
    for row in rows["trl"]:
        answer = hostile.answers[row["judgment_id"]]
        payload = answer["payload"]
        other = {"left": "right", "right": "left"}[answer["choice"]]
        assert (row["prompt"], row["chosen"], row["rejected"]) == (
            payload["prompt"],
            payload[answer["choice"]],
            payload[other],
        )
        assert row["item_id"] == answer["item"]
    for row in rows["trl-ties"]:
        answer = hostile.answers[row["judgment_id"]]
        assert answer["choice"] == row["label"] == "tie"
        assert {name: row[name] for name in ("prompt", "left", "right")} == answer["payload"]


def test_every_line_is_trl_and_is_written_the_same_again(
    house: House, people: People, hostile: Judged
) -> None:
    said = export(house, people.owner, hostile.project, "trl")
    lines = said.body.split(b"\n")[:-1]
    assert lines
    for line in lines:
        parsed = parse_trl(line)
        assert render_trl(parsed).rstrip(b"\n") == line
    # No line end of any kind is inside of a line, so foreign readers see the same lines.
    assert len(said.body.decode().splitlines()) >= len(lines)


def test_two_exports_are_the_same_bytes(house: House, people: People, hostile: Judged) -> None:
    for form in ("trl", "trl-ties", "items"):
        first, second = (export(house, people.owner, hostile.project, form) for _ in range(2))
        assert first.body == second.body


def test_items_come_back_with_the_customers_own_ids(
    house: House, people: People, hostile: Judged
) -> None:
    said = export(house, people.owner, hostile.project, "items")
    rows = [json.loads(line) for line in said.body.split(b"\n")[:-1]]
    wanted = list(hostile_rows())
    assert [row["id"] for row in rows] == [row["id"] for row in wanted]
    assert [row["meta"] for row in rows] == [row["meta"] for row in wanted]


def test_consensus_and_leaderboard(house: House, people: People, hostile: Judged) -> None:
    run = run_consensus(house, people.owner, hostile.project)
    said = export(house, people.owner, hostile.project, "consensus", run["id"])
    rows = [json.loads(line) for line in said.body.split(b"\n")[:-1]]
    wanted = {row["id"]: row for row in hostile_rows()}
    assert {row["id"] for row in rows} == set(wanted)
    for row in rows:
        assert row["payload"] == wanted[row["id"]]["payload"]
        assert sum(row["votes"].values()) == 2
    board = export(house, people.owner, hostile.project, "leaderboard", run["id"])
    assert board.headers["content-type"] == "text/csv; charset=utf-8"
    table = list(csv.DictReader(io.StringIO(board.body.decode(), newline="")))
    assert [int(row["rank"]) for row in table] == list(range(1, len(table) + 1))
    scores = [float(row["score"]) for row in table]
    assert scores == sorted(scores, reverse=True)
    ranking = ask(house.url, "GET", f"/api/v1/consensus/{run['id']}/ranking", key=people.owner)
    assert [row["score"] for row in ranking.json["items"]] == scores
    for row in table:
        assert row["name"][0] not in "=+-@\t\r", row
    assert any(row["name"] == "rival" for row in table)


def test_names_that_are_formulas_are_made_safe_in_csv_alone(house: House, people: People) -> None:
    names = ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx", "\rx", "\uff1d1", 'a,"b"\nc']
    rows = [
        {
            "payload": {"prompt": "p", "left": "a", "right": "b"},
            "meta": {"left": name, "right": "plain"},
        }
        for name in names
    ]
    judged = make_judged(house, people, rows, ("left",))
    run = run_consensus(house, people.owner, judged.project)
    board = export(house, people.owner, judged.project, "leaderboard", run["id"])
    cells = [row["name"] for row in csv.DictReader(io.StringIO(board.body.decode(), newline=""))]
    assert len(cells) == len(names) + 1
    for cell in cells:
        assert cell[0] not in "=+-@\t\r\uff1d"
    exact = ask(house.url, "GET", f"/api/v1/consensus/{run['id']}/ranking", key=people.owner).json
    assert {row["name"] for row in exact["items"]} == {*names, "plain"}


def test_numbers_in_the_csv_stay_numbers(house: House, people: People, hostile: Judged) -> None:
    """A score below zero is no formula, so it is not quoted away."""
    run = run_consensus(house, people.owner, hostile.project)
    board = export(house, people.owner, hostile.project, "leaderboard", run["id"])
    for row in csv.DictReader(io.StringIO(board.body.decode(), newline="")):
        for column in ("score", "low", "high", "win_probability"):
            float(row[column])


def test_the_leaf_is_written_before_the_first_byte(
    house: House, people: People, hostile: Judged
) -> None:
    """With the head of the answer in hand, the receipt that it names verifies."""
    body = json.dumps({"format": "trl"}).encode()
    head = head_of(
        "POST",
        f"/api/v1/projects/{hostile.project}/exports",
        key=people.owner,
        headers={
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        },
    )
    with open_socket(house.url) as connection:
        connection.sendall(head + b"\r\n" + body)
        first = connection.recv(4000)
        named = next(
            line for line in first.split(b"\r\n") if line.lower().startswith(b"evenhand-receipt:")
        )
        path = named.partition(b":")[2].strip().decode()
        said = ask(house.url, "GET", path, key=people.owner)
        assert said.status == 200, said
        receipt = open_receipt(said.body, log=parse_vkey(people.vkey))
        assert receipt.leaf.kind == "payload.bulk_released/1"
        while connection.recv(65536):
            pass


def test_a_revoked_key_stops_the_stream(house: House, people: People) -> None:
    """Nothing more is read under a key that is gone, even in the middle of its answer."""
    project = make_project(house, people.owner)
    row = {"payload": {"prompt": "p", "left": "x", "right": "y"}, "meta": {"note": "m" * 20_000}}
    line = json.dumps(row).encode() + b"\n"
    assert bring_in(house, project, line * 3000, key=people.owner).status == 201
    made = make(house, "/keys", {"role": "manager"}, key=people.owner)
    body = b'{"format":"items"}'
    head = head_of(
        "POST",
        f"/api/v1/projects/{project}/exports",
        key=made["api_key"],
        headers={
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        },
    )
    with open_socket(house.url) as connection:
        connection.sendall(head + b"\r\n" + body)
        received = len(connection.recv(65536))
        # The sockets' buffers are full now and the service waits for us.
        time.sleep(0.5)
        gone = ask(house.url, "DELETE", f"/api/v1/keys/{made['id']}", key=people.owner)
        assert gone.status == 204
        ending = b""
        while piece := connection.recv(MIB):
            received += len(piece)
            ending = (ending + piece)[-5:]
    assert received < 3000 * 20_000 / 2
    # Cut off visibly: without the last chunk nobody takes it for the whole.
    assert ending != b"0\r\n\r\n"
    check_problem(
        post(
            house.url,
            f"/api/v1/projects/{project}/exports",
            {"format": "items"},
            key=made["api_key"],
        ),
        401,
    )


def test_a_large_export_in_bounded_memory(house: House, people: People) -> None:
    project = make_project(house, people.owner)
    row = {"payload": {"prompt": "p", "left": "x", "right": "y"}, "meta": {"note": "m" * 10_000}}
    line = json.dumps(row).encode() + b"\n"
    assert bring_in(house, project, line * 15_000, key=people.owner).status == 201
    before = peak = resident_bytes(house.pid)
    with house.client(people.owner) as client:
        _, chunks = client.export(project, "items")
        received = 0
        for chunk, look in zip(chunks, cycle([True, *[False] * 20]), strict=False):
            received += len(chunk)
            if look:
                peak = max(peak, resident_bytes(house.pid))
    assert received > 15_000 * 10_000
    assert peak - before < 100 * MIB


def test_what_cannot_be_exported_is_told(house: House, people: People, hostile: Judged) -> None:
    path = f"/api/v1/projects/{hostile.project}/exports"
    for form in ("consensus", "leaderboard"):
        check_problem(post(house.url, path, {"format": form}, key=people.owner), 422)
    for body in ({"format": "xml"}, {"format": "TRL"}, {"format": None}, {}):
        check_problem(post(house.url, path, body, key=people.owner), 422)
    empty = make_project(house, people.owner)
    run = make(house, f"/projects/{empty}/consensus", {}, key=people.owner)["id"]
    said = post(
        house.url,
        f"/api/v1/projects/{empty}/exports",
        {"format": "consensus", "run_id": run},
        key=people.owner,
    )
    check_problem(said, 409)
    assert said.code == "run_not_done"
    for form in ("trl", "trl-ties", "items"):
        assert export(house, people.owner, empty, form).body == b""


def test_a_run_of_another_project_is_not_found(
    house: House, people: People, hostile: Judged
) -> None:
    run = run_consensus(house, people.owner, hostile.project)
    empty = make_project(house, people.owner)
    for form in ("consensus", "leaderboard"):
        said = post(
            house.url,
            f"/api/v1/projects/{empty}/exports",
            {"format": form, "run_id": run["id"]},
            key=people.owner,
        )
        check_problem(said, 404)


def test_a_consensus_of_single_judgments_is_no_failure(house: House, people: People) -> None:
    """One judgment an item: a consensus, without an agreement."""
    one = People(people.workspace, people.vkey, people.owner, people.annotators[:1])
    rows = [{"payload": {"prompt": f"p{n}", "left": "a", "right": "b"}} for n in range(5)]
    judged = make_judged(house, one, rows, ("left", "right"))
    run = run_consensus(house, people.owner, judged.project)
    assert run["summary"]["percent_agreement"] is None
    assert run["summary"]["alpha"] is None
    assert run["summary"]["items"] == 5
