"""Reading the log: who touched what is found, each look is an entry, and nothing walks it all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.access.asking import Web
from tests.ground import Address, Person, Tenant, connected
from tests.hands import lease, submit

from evenhand.access.looks import read_log_keys
from evenhand.conflicts import declare_rival
from evenhand.parties import declare_tie
from evenhand.platform.migrations import AppLogin
from evenhand.platform.queries import load_queries
from evenhand.receipts import blind, merkle_root, seal_leaf
from evenhand.tlog import Signer
from evenhand.transparency import derive_keys, read_growth, reading_keys

LOG = "/api/v1/log"


@pytest.fixture
def web(tenant: Tenant) -> Web:
    """The application over the test's service, without a socket."""
    return Web.over(tenant)


async def worked(tenant: Tenant) -> tuple[Person, Person, UUID]:
    """An auditor, an annotator who answered one item, and that item."""
    auditor, one = await tenant.person("auditor"), await tenant.person()
    project = await tenant.project()
    await tenant.load(project, 2)
    (given,) = await lease(tenant, one, project)
    await tenant.service.log.logged(tenant.id, [given.intent_id])
    await submit(tenant, one, project, given.lease_id)
    return auditor, one, given.item_id


async def test_the_head_is_the_signed_one(tenant: Tenant, web: Web) -> None:
    auditor, *_ = await worked(tenant)
    head = await web.get(auditor, LOG)
    assert (head["vkey"], head["workspace"]) == (tenant.vkey, str(tenant.id))
    origin, size, _root = head["checkpoint"].splitlines()[:3]
    assert (origin, int(size)) == (head["origin"], head["size"])
    assert head["kinds"]["payload.released/1"]


async def test_an_items_accesses_are_found_and_the_look_is_an_entry(
    tenant: Tenant, web: Web
) -> None:
    auditor, one, item = await worked(tenant)
    found = await web.get(auditor, f"{LOG}/accesses", item=item)
    (entry,) = found["items"]
    assert entry["kind"] == "payload.released/1"
    assert entry["details"]["actor"] == str(one.member)
    assert entry["details"]["object"] == str(item)
    assert found["names"] == {
        str(one.member): {"name": "annotator 2", "role": "annotator", "vendor": None}
    }
    look = await web.get(auditor, f"{LOG}/entries/{found['look']['index']}/details")
    said = look["entry"]
    assert said["kind"] == "details.released/1"
    assert (said["details"]["actor"], said["details"]["purpose"]) == (
        str(auditor.member),
        "log.object",
    )
    root = merkle_root([entry["index"].to_bytes(8)]).hex()
    assert said["details"]["extra"] == {"count": 1, "root": root}
    assert look["look"]["index"] > found["look"]["index"]
    assert "prompt" not in json.dumps([found, look])


async def test_a_members_acts_are_found_newest_first_by_pages(tenant: Tenant, web: Web) -> None:
    auditor, one, item = await worked(tenant)
    everything = await web.get(auditor, f"{LOG}/accesses", member=one.member)
    kinds = [entry["kind"] for entry in everything["items"]]
    assert kinds == ["payload.released/1", "key.created/1"]
    first = await web.get(auditor, f"{LOG}/accesses", member=one.member, limit=1)
    assert first["items"][0]["details"]["object"] == str(item)
    second = await web.get(
        auditor, f"{LOG}/accesses", member=one.member, limit=1, cursor=first["next_cursor"]
    )
    assert second["items"] == everything["items"][1:]
    assert second["next_cursor"] is None
    # The auditor is found as well, by what was looked at.
    own = await web.get(auditor, f"{LOG}/accesses", member=auditor.member)
    assert [entry["kind"] for entry in own["items"]].count("details.released/1") == 3


async def test_the_actors_of_all_entries_are_kept(tenant: Tenant, web: Web) -> None:
    """The trigger's table says of each entry what its sealed details say."""
    auditor, *_ = await worked(tenant)
    every = await web.get(auditor, f"{LOG}/accesses", limit=500)
    said = {
        (UUID(entry["details"]["actor"]), entry["index"])
        for entry in every["items"]
        if entry["details"]["actor"] is not None
    }
    kept = await tenant.rows(
        "SELECT actor_id, index FROM transparency.entry_actor WHERE index <= $1",
        every["items"][0]["index"],
    )
    assert {tuple(row) for row in kept} == said
    assert len(said) > 4


async def test_nothing_found_is_nothing_opened_and_nothing_logged(tenant: Tenant, web: Web) -> None:
    auditor, *_ = await worked(tenant)
    before = (await web.get(auditor, LOG))["size"]
    unknown: list[dict[str, Any]] = [{"item": uuid4()}, {"member": uuid4()}]
    for query in unknown:
        found = await web.get(auditor, f"{LOG}/accesses", **query)
        assert found == {"items": [], "names": {}, "next_cursor": None, "look": None}
    await web.get(auditor, f"{LOG}/entries/{before + 10**6}/details", 404)
    assert (await web.get(auditor, LOG))["size"] == before


async def test_the_open_list_opens_nothing(tenant: Tenant, web: Web) -> None:
    auditor, *_ = await worked(tenant)
    size = (await web.get(auditor, LOG))["size"]
    page = await web.get(auditor, f"{LOG}/entries", limit=2)
    assert [entry["index"] for entry in page["items"]] == [size - 1, size - 2]
    assert set(page["items"][0]) == {"index", "kind", "meaning", "at", "policy"}
    rest = await web.get(auditor, f"{LOG}/entries", limit=500, cursor=page["next_cursor"])
    assert [entry["index"] for entry in rest["items"]] == list(range(size - 3, -1, -1))
    assert (await web.get(auditor, LOG))["size"] == size


@pytest.mark.parametrize("cursor", ["x", "1", "i-1", "i" + "1" * 40, "i1\n", "\uff11", "1.0", ""])
async def test_a_cursor_of_somebody_elses_is_refused(tenant: Tenant, web: Web, cursor: str) -> None:
    auditor = await tenant.person("auditor")
    refused = await web.get(auditor, f"{LOG}/entries", 422, cursor=cursor)
    assert refused["code"] == "no_cursor"


async def test_what_is_refused(tenant: Tenant, web: Web) -> None:
    auditor, one = await tenant.person("auditor"), await tenant.person()
    both: dict[str, Any] = {"item": uuid4(), "member": uuid4()}
    assert (await web.get(auditor, f"{LOG}/accesses", 422, **both))["code"] == "request_refused"
    assert (await web.get(auditor, f"{LOG}/growth", 422, count=0))["code"] == "no_limit"
    assert (await web.get(auditor, f"{LOG}/growth", 422, step="year"))["code"] == "request_refused"
    for path in ("", "/entries", "/accesses", "/entries/0/details", "/growth"):
        refused = await web.get(one, LOG + path, 403)
        assert refused["code"] == "permission_denied"


async def test_the_wall_stands_before_the_details_and_not_before_the_proof(
    tenant: Tenant, web: Web
) -> None:
    auditor, _, item = await worked(tenant)
    rival = await tenant.party("Metal", role="rival")
    actor = await tenant.actor(auditor)
    async with tenant.db.transaction(tenant.id) as tx:
        await declare_rival(tx, tenant.id, actor=tenant.owner.member, rival=rival)
        await declare_tie(
            tx, tenant.id, source=actor.party_id, target=rival, kind="officer", share=None,
            said_by="a filing",
        )  # fmt: skip
    refused = await web.get(auditor, f"{LOG}/accesses", 403, item=item)
    assert refused["code"] == "wall_denied"
    # The owner's look is logged after the denial, so a second one finds the denial in the tree.
    await web.get(tenant.owner, f"{LOG}/accesses", limit=1)
    seen = (await web.get(tenant.owner, f"{LOG}/accesses", limit=10))["items"]
    said = [(entry["kind"], entry["details"]["purpose"]) for entry in seen]
    assert ("access.denied/1", "log.details") in said
    assert (await web.get(auditor, f"{LOG}/entries"))["items"]
    # The refusal is remembered as a verdict, and the wall's report shows it.
    page = await web.get(auditor, "/api/v1/reports/wall", denied=True)
    assert [row["member_id"] for row in page["items"]] in ([], [str(auditor.member)])


async def test_every_look_that_the_wall_refuses_is_an_entry(tenant: Tenant, web: Web) -> None:
    """Not only the auditor's: whichever route asks the wall inside of `admitted`."""
    manager = await tenant.person("manager")
    project = await tenant.project()
    rival = await tenant.party("Metal", role="rival")
    actor = await tenant.actor(manager)
    async with tenant.db.transaction(tenant.id) as tx:
        await declare_rival(tx, tenant.id, actor=tenant.owner.member, rival=rival)
        await declare_tie(
            tx, tenant.id, source=actor.party_id, target=rival, kind="officer", share=None,
            said_by="a filing",
        )  # fmt: skip
    refused = await web.get(manager, f"/api/v1/projects/{project.id}/instructions", 403)
    assert refused["code"] == "wall_denied"
    # The owner's look is logged after the denial.
    await web.get(tenant.owner, f"/api/v1/projects/{project.id}/instructions")
    seen = (await web.get(tenant.owner, f"{LOG}/accesses", limit=10))["items"]
    denials = [entry["details"] for entry in seen if entry["kind"] == "access.denied/1"]
    assert [(one["actor"], one["purpose"]) for one in denials] == [
        (str(manager.member), "instructions.read")
    ]


async def test_growth_counts_every_entry_once(tenant: Tenant, web: Web) -> None:
    auditor, *_ = await worked(tenant)
    for step in ("hour", "day"):
        grown = await web.get(auditor, f"{LOG}/growth", step=step, count=3)
        size = (await web.get(auditor, LOG))["size"]
        assert sum(bucket["entry_count"] for bucket in grown["buckets"]) == size
        assert len(grown["buckets"]) == 3


def test_the_reading_keys_are_the_sequencers() -> None:
    details = bytes(range(32))
    keys = derive_keys(Signer(name="x", seed=bytes(32)), details)
    read = reading_keys(details)
    assert (read.details, read.partition) == (keys.details, keys.partition)
    assert read.partition_of(UUID(int=7)) == blind(keys.partition, UUID(int=7).bytes)
    assert details.hex() not in repr(read)


FILL = """
    INSERT INTO transparency.entry (workspace_id, index, intent_id, partition, leaf)
    SELECT $1, $2 + n, 1000000 + n,
           CASE WHEN n % 1000 = 7 THEN $3::bytea
                ELSE substring(sha256(('p' || n)::bytea) FROM 1 FOR 16) END,
           convert_to(left($4, -35) || to_char(timestamptz '2026-01-01 00:00Z' AT TIME ZONE 'UTC'
                      + n * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || right($4, 8),
                      'UTF8')
      FROM generate_series(0, 99999) AS n"""
FILL_ACTORS = """
    INSERT INTO transparency.entry_actor (workspace_id, actor_id, index)
    SELECT $1, CASE WHEN n % 1000 = 7 THEN $3::uuid ELSE gen_random_uuid() END, $2 + n
      FROM generate_series(0, 99999) AS n"""


async def fill(tenant: Tenant, admin: Address, item: UUID, member: UUID) -> int:
    """A hundred thousand entries, a minute apart, a hundred of them about one item by one member.

    Gives where they begin.
    """
    async with tenant.db.transaction(tenant.id) as tx:
        keys = await read_log_keys(tx, tenant.service.keyring, tenant.id)
    leaf = seal_leaf(
        kind="payload.released/1", at=datetime(2026, 1, 1, tzinfo=UTC), partition=None,
        commitments=[], policy="sha256:" + "00" * 32, details={}, log_key=keys.details,
        nonce=bytes(12),
    )  # fmt: skip
    await tenant.service.log.stop()
    async with connected(admin) as superuser:
        await superuser.execute("SET session_replication_role = replica")
        start: int = await superuser.fetchval(
            "SELECT size FROM transparency.checkpoint WHERE workspace_id = $1", tenant.id
        )
        text = leaf.render().decode()
        await superuser.execute(FILL, tenant.id, start, keys.partition_of(item), text)
        await superuser.execute(FILL_ACTORS, tenant.id, start, member)
        await superuser.execute(
            "UPDATE transparency.checkpoint SET size = size + 100000 WHERE workspace_id = $1",
            tenant.id,
        )
        await superuser.execute("ANALYZE transparency.entry, transparency.entry_actor")
    return start


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


async def explained(
    login: AppLogin, tenant: Tenant, name: str, types: str, given: str
) -> list[Mapping[str, Any]]:
    """The plan's nodes as they ran, as the application's role with its token."""
    query = load_queries("evenhand.transparency")[name]
    async with connected(login.address) as app, app.transaction():
        await app.execute(
            "SELECT set_config('evenhand.token', $1, true)", tenant.db.token(tenant.id)
        )
        await app.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await app.execute(f"PREPARE asked ({types}) AS {query}")
        shown = await app.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked ({given})"
        )
    return list(nodes(json.loads(shown)[0]["Plan"]))


async def test_a_search_among_a_hundred_thousand_entries_walks_its_index(
    tenant: Tenant, login: AppLogin, admin: Address
) -> None:
    item, member = uuid4(), tenant.owner.member
    await fill(tenant, admin, item, member)
    async with tenant.db.transaction(tenant.id) as tx:
        keys = await read_log_keys(tx, tenant.service.keyring, tenant.id)
    about = keys.partition_of(item).hex()
    asked = {
        "find_about": ("uuid, bytea, bigint, int", f"'\\x{about}', {2**62}, 26", "entry_partition"),
        "find_by_actor": (
            "uuid, uuid, bigint, int",
            f"'{member}', {2**62}, 26",
            "entry_actor_pkey",
        ),
        "read_newest": ("uuid, bigint, int", f"{2**62}, 26", "entry_pkey"),
    }
    for name, (types, given, index) in asked.items():
        plan = await explained(login, tenant, name, types, f"'{tenant.id}', {given}")
        assert index in {node.get("Index Name") for node in plan}, name
        assert not [node for node in plan if node["Node Type"] == "Seq Scan"], name
        assert plan[0]["Actual Rows"] == 26, name
        assert plan[0]["Shared Hit Blocks"] + plan[0]["Shared Read Blocks"] < 1000, name


async def test_growth_is_a_binary_search(tenant: Tenant, login: AppLogin, admin: Address) -> None:
    start = await fill(tenant, admin, uuid4(), tenant.owner.member)
    bounds = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(1, 49)]
    async with tenant.db.transaction(tenant.id) as tx:
        sizes = await read_growth(tx, tenant.id, bounds)
    # The few real entries before are of today: among so many the search passes them by.
    assert [after - before for before, after in pairwise(sizes)] == [60] * 47
    assert sizes[0] == start + 60
    said = "ARRAY[" + ",".join(f"'{bound.isoformat()}'" for bound in bounds) + "]"
    plan = await explained(
        login, tenant, "read_growth", "uuid, timestamptz[]", f"'{tenant.id}', {said}::timestamptz[]"
    )
    assert not [n for n in plan if n["Node Type"] == "Seq Scan" and n["Relation Name"] == "entry"]
    # 48 instants, at most 18 halvings, about four pages each.
    assert plan[0]["Shared Hit Blocks"] + plan[0]["Shared Read Blocks"] < 48 * 18 * 6
