"""Projects: made with a key of their own, found by their workspace alone."""

from __future__ import annotations

from uuid import uuid4

import pytest
from tests.ground import Tenant

from evenhand.platform.errors import Invalid, NotFound
from evenhand.platform.paging import FIRST
from evenhand.projects import (
    ProjectCache,
    check_answer,
    check_order,
    check_payload,
    check_settings,
    get_project,
    get_sealed_instructions,
    list_projects,
    presentation_order,
    score_answer,
)
from evenhand.projects import actions as actions_module
from evenhand.vault.opening import open_field

PAYLOAD = {"prompt": "p", "left": "l", "right": "r"}


async def test_a_project_has_a_key_and_sealed_instructions(tenant: Tenant) -> None:
    project = await tenant.project(instructions="# Secret guideline")
    async with tenant.db.transaction(tenant.id) as tx:
        sealed = await get_sealed_instructions(tx, tenant.id, project.id)
    assert b"Secret" not in sealed
    opened = await open_field(
        tenant.service.keyring, workspace=tenant.id, project=project.id, object_id=project.id,
        field="instructions", sealed=sealed,
    )  # fmt: skip
    assert opened == b"# Secret guideline"
    assert await tenant.value("SELECT count(*) FROM vault.project_key") == 1


async def test_projects_are_found_by_their_workspace_alone(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    project = await tenant.project(name="One", judgments_per_item=3, lease_ttl_s=60)
    assert (project.name, project.judgments_per_item, project.lease_ttl_s) == ("One", 3, 60)
    assert project.render()["id"] == str(project.id)
    for one in (project.id, uuid4()):
        async with other_tenant.db.transaction(other_tenant.id) as tx:
            with pytest.raises(NotFound):
                await get_project(tx, other_tenant.id, one)
            with pytest.raises(NotFound):
                await get_sealed_instructions(tx, other_tenant.id, one)
            assert await list_projects(tx, other_tenant.id, after=FIRST, limit=9) == []


async def test_projects_are_listed_oldest_first(tenant: Tenant) -> None:
    # Ids order what was made in different milliseconds.
    made = sorted([(await tenant.project(name=f"P{n}")).id for n in range(3)])
    async with tenant.db.transaction(tenant.id) as tx:
        rows = await list_projects(tx, tenant.id, after=FIRST, limit=9)
        rest = await list_projects(tx, tenant.id, after=made[0], limit=1)
    assert [row.id for row in rows] == made
    assert [row.id for row in rest] == [made[1]]


async def test_the_cache_knows_the_workspace(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions_module, "_KEPT_MAX", 2)
    project, cache = await tenant.project(), ProjectCache()
    assert cache.find(tenant.id, project.id) is None
    cache.keep(tenant.id, project)
    assert cache.find(tenant.id, project.id) == project
    assert cache.find(uuid4(), project.id) is None
    for _ in range(4):
        cache.keep(uuid4(), project)
    assert len(cache._kept) <= 2


class TestKinds:
    def test_defaults_are_filled_in(self) -> None:
        assert check_settings("pairwise", {}) == {
            "tie": True, "reason": "optional", "order": "given",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("attempt", "code"),
        [
            (lambda: check_settings("no-such", {}), "no_such_task_type"),
            (lambda: check_settings("pairwise", {"tie": 3}), "settings_refused"),
            (lambda: check_payload("pairwise", {"prompt": "p"}), "payload_refused"),
            (lambda: check_answer("pairwise", {}, {"choice": "x"}), "answer_refused"),
        ],
    )
    def test_what_a_type_refuses_is_refused_in_our_words(self, attempt: object, code: str) -> None:
        with pytest.raises(Invalid) as refused:
            attempt()  # type: ignore[operator]
        assert refused.value.stable_code == code

    def test_problems_name_their_places(self) -> None:
        with pytest.raises(Invalid) as refused:
            check_payload("pairwise", {**PAYLOAD, "left": 3, "extra": 1})
        assert {problem.path for problem in refused.value.problems} == {"/left", "/extra"}

    def test_equal_answers_have_equal_bytes(self) -> None:
        one = check_answer("pairwise", {}, {"choice": "tie", "order": "given"})
        other = check_answer("pairwise", {}, {"order": "given", "choice": "tie"})
        assert one == other

    def test_a_score_is_of_the_choice(self) -> None:
        gold = {"choice": "left", "order": "given"}
        assert score_answer("pairwise", {"choice": "left", "order": "swapped"}, gold) == 1.0
        assert score_answer("pairwise", {"choice": "tie", "order": "given"}, gold) == 0.0

    def test_the_order_is_drawn_from_the_lease_and_stays(self) -> None:
        leases = [uuid4() for _ in range(200)]
        random = {"order": "random"}
        orders = [presentation_order(random, one) for one in leases]
        assert orders == [presentation_order(random, one) for one in leases]
        # Of 200 fair coins fewer than 60 or more than 140 heads: less than one in 10^7.
        assert 60 < orders.count("swapped") < 140
        assert {presentation_order({"order": "given"}, one) for one in leases} == {"given"}

    def test_an_answer_that_claims_another_order_is_refused(self) -> None:
        for one in (uuid4() for _ in range(20)):
            shown = presentation_order({"order": "random"}, one)
            check_order({"order": "random"}, one, {"order": shown})
            with pytest.raises(Invalid) as refused:
                check_order(
                    {"order": "random"},
                    one,
                    {"order": "given" if shown == "swapped" else "swapped"},
                )
            assert refused.value.problems[0].path == "/order"
