"""Queries: the reader of the files, and every statement against the real schema."""

from __future__ import annotations

import re
from importlib import resources

import asyncpg
import pytest
from tests.ground import Address, connected
from tests.isolation.statements import statements

from evenhand.app.compose import ROOMS
from evenhand.platform.migrations import AppLogin
from evenhand.platform.queries import load_queries, split_queries

NAMES = sorted(statements())


def test_blocks_are_found_by_name_without_their_comments() -> None:
    text = "-- a file\n-- name: one\n-- Gives one.\nSELECT 1;\n\n-- name: two\nSELECT\n  2\n"
    assert split_queries(text) == {"one": "SELECT 1", "two": "SELECT\n  2"}
    assert split_queries("-- nothing\n") == {}


@pytest.mark.parametrize(
    "text", ["-- name: a\nSELECT 1\n-- name: a\nSELECT 2", "-- name: a\n-- only a comment\n"]
)
def test_a_name_twice_or_an_empty_block_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="stands twice or is empty"):
        split_queries(text)


def test_a_rooms_file_is_loaded() -> None:
    assert "lease_next" in load_queries("evenhand.tasks")


async def test_every_statement_is_prepared_as_the_application(login: AppLogin) -> None:
    async with connected(login.address) as app:
        for name, query in statements().items():
            try:
                prepared = await app.prepare(query)
            except asyncpg.PostgresError as error:
                raise AssertionError(f"{name}: {error}") from error
            kinds = {kind.name for kind in prepared.get_parameters()}
            # `unknown` would leave the type to chance.
            assert "unknown" not in kinds, name
        count = await app.fetchval(
            "SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql"
            " AND 'unknown'::regtype = ANY (parameter_types)"
        )
        assert count == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_statement_names_its_columns_and_its_schema(name: str) -> None:
    query = statements()[name]
    assert not re.search(r"SELECT\s+\*", query)
    # Every table and function call of ours is written with its schema.
    for target in re.findall(r"(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_][a-z_.]*)", query):
        known = {
            "unnest",
            "gone",
            "new",
            "alive",
            "probe",
            "set",
            "ended",
            "due",
            "judged",
            "aside",
            "scored",
        }
        assert "." in target or target.casefold() in known, f"{name}: {target}"


@pytest.mark.parametrize("room", ROOMS)
def test_every_query_has_a_header(room: str) -> None:
    entry = resources.files(room).joinpath("queries.sql")
    if not entry.is_file():
        return
    for block in entry.read_text().split("-- name: ")[1:]:
        name, header = block.splitlines()[:2]
        assert re.match(r"-- (Gives|Locks|Frees)", header), f"{room} {name}: what does it give?"


# Called within functions that have fixed it, and inherit it (docs/adr/0007).
INNER = {
    "conflicts.check_first_look", "conflicts.check_grant", "conflicts.check_grants",
    "conflicts.share_wall", "exposure.record", "identity.authenticate",
    "identity.authenticate_all", "judgments.find_repeated", "tasks.check_ended", "tasks.claim",
    "tasks.end_lease", "tasks.end_submitted", "tasks.grant_leases", "tasks.refuse_lease",
    "tasks.show_leases", "tasks.take_turns", "transparency.intend", "transparency.intend_all",
}  # fmt: skip
OF_THE_QUEUE = {"judgments.submit", "tasks.lease_next"}


async def test_every_function_has_its_owner_and_a_fixed_search_path(admin: Address) -> None:
    async with connected(admin) as connection:
        functions = await connection.fetch(
            "SELECT n.nspname || '.' || p.proname AS name, p.prosecdef AS definer,"
            " pg_get_userbyid(p.proowner) AS owner, p.proconfig AS config"
            "  FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace"
            " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'public')"
        )
    assert len(functions) > 20
    assert {*INNER, *OF_THE_QUEUE} <= {function["name"] for function in functions}
    for function in functions:
        name = function["name"]
        owner = "evenhand_queue" if name in OF_THE_QUEUE else "evenhand_owner"
        assert function["owner"] == owner, name
        fixed = "search_path=pg_catalog, pg_temp" in (function["config"] or [])
        assert fixed != (name in INNER), name
        assert fixed or not function["definer"], name
