"""Projects whose judgments are known, and texts that break naive exports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.processes import House
from tests.faults.wire import Answer, post
from tests.faults.worlds import bring_in, make, make_project, wait_for_run

HOSTILE = (
    "plain",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tTAB",
    "\rCR",
    "\uff1d1+1",
    "'quoted",
    '"',
    "'",
    "a,b;c",
    "two\nlines",
    "two\r\nlines",
    "trailing space ",
    " ",
    "",
    "\u00e9",
    "e\u0301",
    "\u6f22\u5b57",
    "\U0001f642\u200d\U0001f525",
    "\u202eright to left",
    "\u0000".replace("\0", ""),
    "\x01\x1f\x7f\x80",
    "\x1b[31mred",
    "\ufeffmark",
    "\ufffe\uffff",
    "</script><script>alert(1)",
    "<img src=x onerror=alert(1)>",
    "{{7*7}}",
    "${7*7}",
    "{0.__class__}",
    "%s%n",
    "\\",
    "\\n",
    "\\u0041",
    "../../etc/passwd",
    "file:///etc/passwd",
    "' OR 1=1 --",
    "null",
    "NaN",
    "1e400",
    "\u2028\u2029",
    "\xad\u200b",
    "x" * 50_000,
)


@dataclass(frozen=True, slots=True)
class People:
    """A workspace's keys."""

    workspace: str
    vkey: str
    owner: str
    annotators: tuple[str, ...]


@dataclass(slots=True)
class Judged:
    """A project with all its items judged by everybody: what was answered, by judgment."""

    project: str
    answers: dict[str, dict[str, Any]]


def make_judged(
    house: House,
    people: People,
    rows: Sequence[dict[str, Any]],
    choices: Sequence[str] = ("left", "right", "tie"),
    *,
    hold: int = 1,
    **more: object,
) -> Judged:
    """Import the rows and let every annotator judge every item, choices in turn."""
    project = make_project(house, people.owner, judgments_per_item=len(people.annotators), **more)
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    said = bring_in(house, project, data, key=people.owner)
    assert said.status == 201, said
    judged = Judged(project, {})
    for key in people.annotators:
        with house.client(key) as client:
            waiting = client.lease(project, hold=hold)
            while waiting:
                lease = waiting.pop(0)
                choice = choices[len(judged.answers) % len(choices)]
                done = client.submit(
                    project,
                    lease.id,
                    {"choice": choice, "order": lease.order},
                    hold=hold,
                    have=[one.id for one in waiting],
                )
                judged.answers[done.id] = {
                    "choice": choice,
                    "payload": lease.payload,
                    "item": lease.item_id,
                }
                waiting += done.leases
    assert len(judged.answers) == len(rows) * len(people.annotators)
    return judged


def export(house: House, key: str, project: str, form: str, run: str | None = None) -> Answer:
    said = post(
        house.url, f"/api/v1/projects/{project}/exports", {"format": form, "run_id": run}, key=key
    )
    assert said.status == 200, said
    return said


def run_consensus(house: House, key: str, project: str) -> dict[str, Any]:
    made = make(house, f"/projects/{project}/consensus", {}, key=key)
    run = wait_for_run(house, made["id"], key=key)
    assert run["state"] == "done", run
    return run
