"""The keyring on PostgreSQL: the chain of keys, one data key a process, rotation and the cache."""

from __future__ import annotations

import shutil
from uuid import UUID, uuid4

import pytest
from tests.ground import Address, Tenant, connected, run_as

from evenhand.sealing import bulk_sealer, dek_id_of
from evenhand.vault import Keyring
from evenhand.vault import keyring as keyring_module
from evenhand.vault.model import KeyUnavailable
from evenhand.vault.opening import open_field


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A monotonic clock for the keyring alone; the loop keeps the real one."""
    now = [1000.0]

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return now[0]

    monkeypatch.setattr(keyring_module, "time", Clock)
    return now


async def opened(
    keyring: Keyring, tenant: Tenant, project: UUID, one: UUID, sealed: bytes
) -> bytes:
    return await open_field(
        keyring,
        workspace=tenant.id,
        project=project,
        object_id=one,
        field="payload",
        sealed=sealed,
    )


def another_process(tenant: Tenant) -> Keyring:
    return Keyring(tenant.db, tenant.service.holder)


async def test_what_one_process_seals_another_opens(tenant: Tenant) -> None:
    project = (await tenant.project()).id
    keyring, other, one = tenant.service.keyring, another_process(tenant), uuid4()
    sealed = (await keyring.sealer(tenant.id, project)).seal(one, "payload", b"text")
    assert await opened(other, tenant, project, one, sealed) == b"text"
    # Each process has a data key of its own, kept as long as it is not used up.
    theirs = (await other.sealer(tenant.id, project)).seal(one, "payload", b"text")
    again = (await keyring.sealer(tenant.id, project)).seal(one, "payload", b"text")
    assert dek_id_of(theirs) != dek_id_of(sealed) == dek_id_of(again)


async def test_a_data_key_is_durable_before_its_first_object(tenant: Tenant) -> None:
    project = (await tenant.project()).id
    sealer = await another_process(tenant).sealer(tenant.id, project)
    ids = await tenant.rows("SELECT id FROM vault.data_key WHERE project_id = $1", project)
    sealed = sealer.seal(uuid4(), "payload", b"")
    assert UUID(bytes=dek_id_of(sealed)) in {row["id"] for row in ids}


async def test_no_key_is_stored_in_the_clear(tenant: Tenant) -> None:
    project = (await tenant.project()).id
    sealer = await tenant.service.keyring.sealer(tenant.id, project)
    rows = await tenant.rows(
        "SELECT wrapped FROM vault.data_key UNION ALL SELECT wrapped FROM vault.project_key"
    )
    assert rows
    assert all(sealer._dek.key not in row["wrapped"] for row in rows)
    assert sealer._dek.key.hex() not in repr(sealer)


async def test_a_value_that_was_moved_does_not_open(tenant: Tenant) -> None:
    project, other = (await tenant.project()).id, (await tenant.project()).id
    keyring, one = tenant.service.keyring, uuid4()
    sealed = (await keyring.sealer(tenant.id, project)).seal(one, "payload", b"text")
    for elsewhere in ((project, uuid4()), (other, one)):
        with pytest.raises(KeyUnavailable):
            await opened(keyring, tenant, *elsewhere, sealed)
    with pytest.raises(KeyUnavailable):
        await opened(keyring, tenant, project, one, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(KeyUnavailable):
        await opened(keyring, tenant, project, one, b"short")


async def test_another_workspace_does_not_open(tenant: Tenant, other_tenant: Tenant) -> None:
    project, one = (await tenant.project()).id, uuid4()
    keyring = tenant.service.keyring
    sealed = (await keyring.sealer(tenant.id, project)).seal(one, "payload", b"text")
    with pytest.raises(KeyUnavailable, match="is gone"):
        await opened(keyring, other_tenant, project, one, sealed)


async def test_a_data_key_is_used_up_by_count(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring_module, "_OBJECTS_MAX", 2)
    project = (await tenant.project()).id
    keyring, one = another_process(tenant), uuid4()
    used = []
    for _ in range(5):
        sealer = await keyring.sealer(tenant.id, project)
        used.append(dek_id_of(sealer.seal(one, "payload", b"text")))
    assert [used.index(dek) for dek in used] == [0, 0, 2, 2, 4]


async def test_a_data_key_is_used_up_by_age(tenant: Tenant, clock: list[float]) -> None:
    project = (await tenant.project()).id
    keyring, one = another_process(tenant), uuid4()
    first = dek_id_of((await keyring.sealer(tenant.id, project)).seal(one, "payload", b""))
    clock[0] += 24 * 3600 - 1
    same = dek_id_of((await keyring.sealer(tenant.id, project)).seal(one, "payload", b""))
    clock[0] += 1
    next_one = dek_id_of((await keyring.sealer(tenant.id, project)).seal(one, "payload", b""))
    assert first == same != next_one


async def test_an_opened_key_is_kept_for_a_minute_and_no_longer(
    tenant: Tenant, clock: list[float]
) -> None:
    project, one = (await tenant.project()).id, uuid4()
    sealed = (await tenant.service.keyring.sealer(tenant.id, project)).seal(one, "payload", b"t")
    keyring = another_process(tenant)
    assert await opened(keyring, tenant, project, one, sealed) == b"t"
    # The customer turns its key off: what is cached opens until the minute is over.
    shutil.rmtree(tenant.service.settings.keys_dir)
    keyring.holder._kept.clear()  # type: ignore[attr-defined]
    clock[0] += 59
    assert await opened(keyring, tenant, project, one, sealed) == b"t"
    clock[0] += 1
    with pytest.raises(KeyUnavailable, match="not on this host"):
        await opened(keyring, tenant, project, one, sealed)


async def test_the_cache_is_bounded(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring_module, "_KEPT_MAX", 2)
    project, one = (await tenant.project()).id, uuid4()
    keyring = another_process(tenant)
    for _ in range(4):
        sealed = (await another_process(tenant).sealer(tenant.id, project)).seal(
            one, "payload", b"t"
        )
        assert await opened(keyring, tenant, project, one, sealed) == b"t"
    assert len(keyring._opened) <= 2


async def test_a_data_key_that_was_changed_does_not_open(tenant: Tenant, admin: Address) -> None:
    project, one = (await tenant.project()).id, uuid4()
    sealed = (await another_process(tenant).sealer(tenant.id, project)).seal(one, "payload", b"t")
    async with connected(admin) as superuser:
        await superuser.execute(
            "UPDATE vault.data_key SET wrapped = set_byte(wrapped, 80, get_byte(wrapped, 80) # 1)"
        )
    with pytest.raises(KeyUnavailable, match="data key does not open"):
        await opened(another_process(tenant), tenant, project, one, sealed)


async def test_a_project_without_a_key_seals_nothing(tenant: Tenant) -> None:
    with pytest.raises(KeyUnavailable, match="no key"):
        await tenant.service.keyring.sealer(tenant.id, uuid4())


async def test_a_link_of_another_project_breaks_the_chain(tenant: Tenant, admin: Address) -> None:
    project, other, one = (await tenant.project()).id, (await tenant.project()).id, uuid4()
    sealed = (await another_process(tenant).sealer(tenant.id, project)).seal(one, "payload", b"t")
    dek = UUID(bytes=dek_id_of(sealed))
    await run_as(admin, f"UPDATE vault.data_key SET project_id = '{other}' WHERE id = '{dek}'")
    with pytest.raises(KeyUnavailable, match="data key does not open"):
        await opened(another_process(tenant), tenant, other, one, sealed)
    await run_as(
        admin,
        f"UPDATE vault.data_key SET project_id = '{project}' WHERE id = '{dek}'",
        "UPDATE vault.project_key SET wrapped = (SELECT wrapped FROM vault.project_key"
        f" WHERE project_id = '{other}') WHERE project_id = '{project}'",
    )
    with pytest.raises(KeyUnavailable, match="does not open this"):
        await opened(another_process(tenant), tenant, project, one, sealed)


async def test_the_first_project_key_wins(tenant: Tenant) -> None:
    project, one = (await tenant.project()).id, uuid4()
    sealed = (await tenant.service.keyring.sealer(tenant.id, project)).seal(one, "payload", b"t")
    async with tenant.db.transaction(tenant.id) as tx:
        await tenant.service.keyring.create_project_key(tx, tenant.id, project)
    assert await opened(another_process(tenant), tenant, project, one, sealed) == b"t"


async def test_another_field_or_version_does_not_open(tenant: Tenant) -> None:
    project, one = (await tenant.project()).id, uuid4()
    keyring = tenant.service.keyring
    sealed = (await keyring.sealer(tenant.id, project)).seal(one, "payload", b"t")
    for field, version in (("meta", 1), ("payload", 2)):
        with pytest.raises(KeyUnavailable):
            await open_field(
                keyring, workspace=tenant.id, project=project, object_id=one, field=field,
                sealed=sealed, version=version,
            )  # fmt: skip


async def test_a_lent_key_counts_what_it_is_lent_for(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an import seals with it opens like anything else, and counts against the key."""
    monkeypatch.setattr(keyring_module, "_OBJECTS_MAX", 10)
    project, one = (await tenant.project()).id, uuid4()
    keyring = another_process(tenant)
    first = (await keyring.sealer(tenant.id, project)).lend(9)
    seal_one = bulk_sealer(first, workspace=tenant.id, project=project, field="payload")
    assert await opened(
        keyring, tenant, project, one, seal_one(one.bytes, b"text", bytes(12))
    ) == b"text"  # fmt: skip
    assert (await keyring.sealer(tenant.id, project)).lend(1) == first
    assert (await keyring.sealer(tenant.id, project)).lend(1) != first
