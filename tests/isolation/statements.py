"""Every statement of the product, and arguments of the right types for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import resources
from typing import Any
from uuid import UUID, uuid5

from evenhand.app.compose import ROOMS
from evenhand.platform import jobs
from evenhand.platform.queries import load_queries

# Statements that cross workspaces by design, each through a definer function, and what they give.
CROSSING = {
    "evenhand.identity list_workspaces": "ids and names, for the operator's command line",
    "evenhand.identity bind_service_key": "the fingerprint of the service's own key",
    "evenhand.identity password_params": "how passwords behind a keyed hash were hashed",
    "evenhand.identity match_password": "ids, for a keyed hash and the password's own hash",
    "evenhand.identity take_try": "seconds to wait; belongs to no workspace",
    "evenhand.identity return_try": "nothing; belongs to no workspace",
    "evenhand.identity person_for": "the person's id for a keyed hash that the caller made",
    "evenhand.items abandoned_batches": "ids of workspaces and batches, for the sweeper",
    "evenhand.tasks workspaces_with_expired": "ids, for the housekeeper",
    "evenhand.transparency waiting_workspaces": "ids, for the sequencer",
    "evenhand.conflicts days_since_rival": "a number of days, for the wall",
    "evenhand.platform.jobs _DUE": "ids, for the runner of jobs",
}


def statements() -> dict[str, str]:
    """Name (`package query`) to SQL: all of every `queries.sql`, and the runner's own."""
    found: dict[str, str] = {}
    for room in ROOMS:
        if resources.files(room).joinpath("queries.sql").is_file():
            for name, text in load_queries(room).items():
                found[f"{room} {name}"] = text
    for name in ("_PUBLISH", "_CLAIM", "_EXTEND", "_FINISH", "_FAIL", "_DUE"):
        found[f"evenhand.platform.jobs {name}"] = getattr(jobs, name)
    return found


_PLAIN: dict[str, Any] = {
    "text": "majority", "int4": 3, "int8": 0, "bool": True, "float8": 0.5,
    "numeric": Decimal("0.25"), "date": date(2026, 1, 2), "interval": timedelta(0),
    "timestamptz": datetime(2026, 1, 2, tzinfo=UTC), "jsonb": json.dumps({"count": 1}),
    "bytea": bytes(32),
}  # fmt: skip


def arguments(
    types: Sequence[str], *, workspace: UUID, token: str, secret_hash: bytes, ids: Sequence[UUID]
) -> Iterator[list[object]]:
    """For each id of `ids` one list of arguments: the workspace first, then that id everywhere.

    What comes as text or bytes is the workspace's token and the credential's hash where a hot
    function expects them (the first two arguments), else a plain value.
    """
    for number, one in enumerate(ids):
        made: list[object] = []
        for place, kind in enumerate(types):
            if place == 0 and kind == "uuid":
                made.append(workspace)
            elif place == 0 and kind == "text":
                made.append(token)
            elif place == 1 and kind == "bytea":
                made.append(secret_hash)
            elif kind == "uuid":
                made.append(one)
            elif kind == "uuid[]":
                made.append([uuid5(one, str(number)), one])
            elif kind == "text[]":
                made.append(["owner", "annotator"])
            elif kind.endswith("[]"):
                made.append([_PLAIN[kind.removesuffix("[]")]] * 2)
            else:
                made.append(_PLAIN[kind])
        yield made
