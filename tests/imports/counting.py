"""What an import left in the database."""

from __future__ import annotations

from tests.faults.processes import House

WHAT = ("items.batch", "items.item", "tasks.task", "gold.gold")


async def kept(house: House, project: str) -> dict[str, int]:
    """Rows of a project by table."""
    async with house.administrator() as database:
        return {
            table: await database.fetchval(
                f"SELECT count(*) FROM {table} WHERE project_id = $1::text::uuid", project
            )
            for table in WHAT
        }


NOTHING = dict.fromkeys(WHAT, 0)


def whole(count: int, *, gold: int = 0, judgments: int = 1) -> dict[str, int]:
    """What a complete import of `count` items leaves."""
    return {
        "items.batch": 1,
        "items.item": count,
        "tasks.task": count * judgments,
        "gold.gold": gold,
    }
