"""Every operation of the running service's OpenAPI document, with a body that it accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from tests.faults.processes import House
from tests.faults.wire import Answer, ask
from tests.faults.worlds import World

PUBLIC = "public"
# What a refusal may write: the denial's own entry in the log, and the wall's cached verdict.
MAY_GROW = frozenset(
    {
        "transparency.intent",
        "transparency.entry",
        "transparency.entry_actor",
        "transparency.checkpoint",
        "conflicts.verdict",
        "identity.throttle",
    }
)
# What of a row must stay the same, where that is not all of it. A session's last use and the end
# that follows it are written down by the service up to 20 s after the request that was let in (here
# the world's own, made before the first look), so they say nothing about what came since. A key's
# end does not move and is looked at, and so is everything else of a session.
_STAYS = {
    "identity.credential": "CASE t.kind WHEN 'session'"
    " THEN to_jsonb(t) - ARRAY['last_seen_at', 'expires_at'] ELSE to_jsonb(t) END",
}
_LEAKS = re.compile(
    r"Traceback|File \"|\.py\b|asyncpg|pydantic|starlette|site-packages|SELECT |INSERT |evenhand\.",
)
PROBLEMS_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "problems.md"


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on a path; `takes_body` says whether it reads JSON."""

    method: str
    path: str
    permission: str
    takes_body: bool
    parameters: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def places(self) -> list[str]:
        """Names in the path."""
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def query(self) -> set[str]:
        return {name for name, where in self.parameters if where == "query"}

    @property
    def repeatable(self) -> bool:
        """Whether it takes an Idempotency-Key."""
        return ("idempotency-key", "header") in self.parameters

    def at(self, ids: Mapping[str, str], **instead: str) -> str:
        """The path with ids put in."""
        path = self.path
        for place in self.places:
            path = path.replace(f"{{{place}}}", instead.get(place) or ids[place])
        return path


def operations_of(url: str) -> list[Operation]:
    document = ask(url, "GET", "/api/openapi.json").json
    return [
        Operation(
            method=method.upper(),
            path=path,
            permission=said["x-permission"],
            takes_body="requestBody" in said,
            parameters=tuple(
                (one["name"].lower(), one["in"]) for one in said.get("parameters", [])
            ),
        )
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    ]


# A body that each operation accepts. An operation that reads JSON and stands not here fails the
# tests: whoever adds a route adds its body.
BODIES: dict[str, Callable[[World], dict[str, Any]]] = {
    "POST /api/v1/session": lambda _: {"code": "code_" + "A" * 65},
    "POST /api/v1/invitations/accept": lambda _: {"code": "code_" + "A" * 65},
    "POST /api/v1/invitations/look": lambda _: {"code": "code_" + "A" * 65},
    "POST /api/v1/invitations/join": lambda _: {
        "code": "code_" + "A" * 65,
        "password": "seven grey herons",
    },
    "POST /api/v1/session/password": lambda _: {
        "email": "nobody@people.example",
        "password": "seven grey herons",
    },
    "POST /api/v1/session/continue": lambda _: {"ticket": "A" * 80, "code": "000000"},
    "POST /api/v1/me/password": lambda _: {"current": None, "new": "seven grey herons"},
    "POST /api/v1/me/second-factor": lambda _: {"password": "seven grey herons"},
    "POST /api/v1/me/second-factor/confirm": lambda _: {"code": "000000"},
    "POST /api/v1/me/second-factor/remove": lambda _: {"password": "seven grey herons"},
    "POST /api/v1/me/recovery-codes": lambda _: {"password": "seven grey herons"},
    "POST /api/v1/members/{member_id}/role": lambda _: {"role": "reviewer"},
    "POST /api/v1/invitations": lambda world: {
        "email": f"x{uuid4().hex}@people.example",
        "name": "X",
        "role": "annotator",
        "vendor_id": world.ids["vendor_id"],
        "simulated": False,
    },
    "POST /api/v1/keys": lambda _: {"role": "annotator", "mode": "live"},
    "POST /api/v1/parties": lambda _: {
        "kind": "organization",
        "name": "Somebody",
        "role": "other",
        "lei": None,
        "domain": f"x{uuid4().hex}.example",
    },
    "POST /api/v1/ties": lambda world: {
        "from_id": world.ids["vendor_id"],
        "to_id": world.ids["party_id"],
        "kind": "debt",
        "share_lo": None,
        "share_hi": None,
        "valid_from": "2020-01-01",
        "valid_to": "2020-02-01",
        "source": "a register",
    },
    "POST /api/v1/rivals": lambda world: {"party_id": world.ids["party_id"]},
    "POST /api/v1/projects": lambda _: {
        "name": "P",
        "task_type": "pairwise",
        "settings": {},
        "instructions": "I",
        "judgments_per_item": 1,
        "lease_ttl_s": 1800,
    },
    "POST /api/v1/projects/{project_id}/leases": lambda _: {"hold": 1, "have": []},
    "POST /api/v1/leases/{lease_id}/skip": lambda _: {"reason": "unclear"},
    "POST /api/v1/leases/{lease_id}/flag": lambda _: {"reason": "unclear"},
    "POST /api/v1/leases/renew": lambda world: {"leases": [world.ids["lease_id"]]},
    "PUT /api/v1/leases/{lease_id}/draft": lambda _: {"version": 0, "state": {}, "active_ms": 1},
    "POST /api/v1/projects/{project_id}/judgments": lambda world: {
        "lease_id": world.ids["lease_id"],
        "answer": {"choice": "left", "order": "given"},
        "active_ms": 1,
        "next": None,
    },
    "POST /api/v1/projects/{project_id}/consensus": lambda _: {"method": "default"},
    "POST /api/v1/projects/{project_id}/exports": lambda world: {
        "format": "consensus",
        "run_id": world.ids["run_id"],
    },
}


def key_for(operation: Operation, world: World) -> str | None:
    """A key whose role may do it."""
    if operation.permission == PUBLIC:
        return None
    if operation.permission in {"tasks.lease", "judgments.submit"}:
        return world.annotators[0]
    return world.owner


def body_for(operation: Operation, world: World) -> bytes | None:
    """A body that the operation accepts."""
    return json.dumps(BODIES[operation.name](world)).encode() if operation.takes_body else None


def call(
    house: House,
    operation: Operation,
    world: World,
    *,
    path: str | None = None,
    key: str | None = None,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """The operation with a permitted key, its own ids and a good body, unless said otherwise."""
    return ask(
        house.url,
        operation.method,
        path or operation.at(world.ids),
        key=key if key is not None else key_for(operation, world),
        body=body if body is not None else body_for(operation, world),
        headers=headers,
    )


def documented_codes() -> set[str]:
    """Codes that docs/reference/problems.md explains."""
    return set(re.findall(r"^\| `([a-z_]+)` \|", PROBLEMS_PAGE.read_text(), re.MULTILINE))


def check_problem(answer: Answer, *statuses: int, about: object = "") -> None:
    """A 4xx (one of `statuses` if any) in the documented form, without anything from inside."""
    seen = (about, answer.status, answer.body[:500])
    assert 400 <= answer.status < 500, seen
    if statuses:
        assert answer.status in statuses, seen
    assert answer.headers["content-type"] == "application/problem+json", seen
    assert answer.headers["x-content-type-options"] == "nosniff", seen
    problem = answer.json
    assert problem["status"] == answer.status, seen
    assert problem["type"] == f"urn:evenhand:problem:{problem['code']}", seen
    assert problem["code"] in documented_codes(), seen
    assert problem["title"], seen
    assert problem["detail"], seen
    assert not _LEAKS.search(answer.body.decode()), seen


async def fingerprint(connection: asyncpg.Connection[asyncpg.Record]) -> dict[str, tuple[int, int]]:
    """Rows and a sum over their content, for each table that a refusal must leave alone."""
    tables = await connection.fetch(
        "SELECT schemaname || '.' || tablename AS name FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    found: dict[str, tuple[int, int]] = {}
    for row in tables:
        if row["name"] not in MAY_GROW:
            what = _STAYS.get(row["name"], "t")
            one = await connection.fetchrow(
                f"SELECT count(*) AS rows, coalesce(sum(hashtext(({what})::text)::bigint), 0)"
                f"::bigint AS content FROM {row['name']} AS t"
            )
            found[row["name"]] = (one["rows"], one["content"])
    return found
