"""At rest: no secret and no content stands in any row of any table, nor in the files beside it."""

from __future__ import annotations

from pathlib import Path

from tests.ground import Address, Tenant, connected
from tests.identity.entrance import enter
from tests.isolation.furniture import furnish

CONTENT = "canaryatrest"
# Names that the workspace's people gave to parties, members, projects and batches are no content
# of the customer's data; they are stored as they are, behind row-level security.
NAMED_IN_THE_CLEAR = {"parties.party", "identity.member", "projects.project"}
ALL_TABLES = """
    SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"""


def spellings(text: str) -> list[str]:
    """The text, and its bytes as PostgreSQL writes them."""
    return [text, text.encode().hex()]


def read_all(folder: Path) -> list[bytes]:
    """Every file below the folder."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def everything(admin: Address) -> dict[str, str]:
    """Every table's rows as text."""
    async with connected(admin) as superuser:
        tables = [row[0] for row in await superuser.fetch(ALL_TABLES)]
        return {
            table: "\n".join(
                row[0] for row in await superuser.fetch(f"SELECT t::text FROM {table} AS t")
            )
            for table in tables
        }


async def test_no_secret_is_stored_in_the_clear(tenant: Tenant, admin: Address) -> None:
    await furnish(tenant, CONTENT)
    _, _, unused = await tenant.code()
    _, _, used = await tenant.code()
    session = (await enter(tenant, used.secret)).session
    secrets = [unused.secret, used.secret, session.secret, tenant.owner.secret]
    shown = await everything(admin)
    assert len(shown) > 25
    for secret in secrets:
        # Neither the whole nor its random half.
        for part in (secret, secret[-43:]):
            for spelling in spellings(part):
                assert not [table for table, rows in shown.items() if spelling in rows]


async def test_no_content_is_stored_in_the_clear(tenant: Tenant, admin: Address) -> None:
    await furnish(tenant, CONTENT)
    for table, rows in (await everything(admin)).items():
        for spelling in spellings(CONTENT):
            assert spelling not in rows or table in NAMED_IN_THE_CLEAR, table
    # The payload, the answer, the guideline and the gold's reason are nowhere at all.
    for word in (
        f"{CONTENT} prompt",
        f"{CONTENT} reason",
        f"# {CONTENT}",
        '"choice"',
        f"{CONTENT}-0",
    ):
        for table, rows in (await everything(admin)).items():
            assert not [one for one in spellings(word) if one in rows], (word, table)


async def test_the_published_log_names_nobody(tenant: Tenant) -> None:
    ids = await furnish(tenant, CONTENT)
    await tenant.service.publisher.publish(tenant.id)
    files = read_all(tenant.service.settings.logs_dir / str(tenant.id))
    assert files
    named = [str(one) for name, one in ids.items() if name != "workspace_id"]
    for data in files:
        for word in (CONTENT, tenant.owner.email, tenant.name, *named):
            assert word.encode() not in data
