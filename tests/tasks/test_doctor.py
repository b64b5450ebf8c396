"""`evenhand doctor --verify`: a sound workspace is sound, and what is broken is named."""

from __future__ import annotations

import pytest
from tests.ground import Address, Tenant
from tests.hands import broken

from evenhand.app.doctor import WorkspaceReport, examine


@pytest.fixture
async def published(worked: Tenant) -> Tenant:
    """The same, and its log is published."""
    await worked.service.publisher.publish(worked.id)
    return worked


async def examined(tenant: Tenant, *, with_key: bool = True) -> WorkspaceReport:
    told: list[tuple[str, int, int]] = []
    report = await examine(
        tenant.db,
        tenant.id,
        log_folder=tenant.service.settings.logs_dir / str(tenant.id),
        holder=tenant.service.holder if with_key else None,
        tell=lambda *said: told.append(said),
    )
    assert {what for what, _, _ in told} == {"invariants", "entries"}
    return report


def broken_in(report: WorkspaceReport) -> set[str]:
    assert {one.invariant for one in report.broken} <= set(report.asked)
    return {one.invariant for one in report.broken}


async def test_a_sound_workspace(published: Tenant) -> None:
    report = await examined(published)
    assert not report.broken
    assert report.details_opened
    assert report.published == report.entries
    assert report.entries >= 3
    assert {said.split(":")[0] for said in report.asked} == {
        "I1", "I2", "I3", "I4", "I5", "I6", "I9", "I11",
    }  # fmt: skip


async def test_without_the_logs_key_the_tree_is_judged_all_the_same(
    published: Tenant, admin: Address
) -> None:
    assert not (await examined(published, with_key=False)).broken
    await broken(
        admin,
        "UPDATE transparency.entry SET leaf = set_byte(leaf, 40, get_byte(leaf, 40) # 1)"
        " WHERE index = 0",
    )
    report = await examined(published, with_key=False)
    assert not report.details_opened
    assert broken_in(report) == {
        "I5: a signed head that is not the entries' tree",
        "I5: a published head that is not the entries' tree",
    }


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            "DELETE FROM judgments.judgment",
            {
                "I1: a submitted lease without exactly one judgment",
                "I1: a task that is done without exactly one judgment that stands",
            },
        ),
        (
            "UPDATE tasks.lease SET item_id = gen_random_uuid() WHERE state = 'active'",
            {
                "I4: a lease whose item is not in the exposure ledger",
                "I4: an entry that speaks of a lease that is not",
            },
        ),
        (
            "UPDATE transparency.checkpoint SET note = replace(note, '\u2014', '-')",
            {"I5: a signed head that is refused"},
        ),
    ],
)
async def test_what_is_broken_is_named(
    published: Tenant, admin: Address, statement: str, named: set[str]
) -> None:
    await broken(admin, statement)
    report = await examined(published)
    assert broken_in(report) == named
    assert all(one.count >= 1 and one.examples for one in report.broken)


async def test_files_that_are_not_what_was_signed(published: Tenant) -> None:
    folder = published.service.settings.logs_dir / str(published.id)
    bundle = max((folder / "tile" / "entries").rglob("*.p/*"), key=lambda path: int(path.name))
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"!")
    report = await examined(published)
    assert broken_in(report) == {"I5: published files that do not hash to their head"}
