import pytest
from tests.ground import LiveService, Tenant
from evenhand.tasks import lease_next, Want, PlaceHints
from evenhand.identity import POLICY_HASH
async def test_a(tenant: Tenant):
    p = await tenant.project()
    await tenant.load(p, 3)
    a = await tenant.person()
    g = await lease_next(tenant.db, PlaceHints(), tenant.admission(a), project=p.id, want=Want(2), policy=POLICY_HASH)
    assert len(g) == 2
async def test_b(tenant: Tenant, other_tenant):
    assert tenant.id != other_tenant.id
def test_live(live_service: LiveService):
    t = live_service.workspace()
    p = t.project(); t.load(p, 3)
    a = t.person()
    ls = a.lease(p)
    assert len(ls) == 1
    a.submit(p, ls[0].id, {"choice": "left", "order": ls[0].order})
    live_service.restart()
    assert t.owner.get(f"/projects/{p}/progress")["tasks"]["done"] == 1
