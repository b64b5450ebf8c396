"""A queue in which something of each kind has happened."""

from __future__ import annotations

import pytest
from tests.ground import Tenant
from tests.hands import end, lease, submit


@pytest.fixture
async def worked(tenant: Tenant) -> Tenant:
    """A queue with a submitted, an active and a flagged lease."""
    project = await tenant.project()
    await tenant.load(project, 4)
    one = await tenant.person()
    grants = await lease(tenant, one, project, hold=3)
    await submit(tenant, one, project, grants[0].lease_id)
    await end(tenant, one, grants[1].lease_id, "flagged")
    await tenant.service.log.logged(tenant.id, [grant.intent_id for grant in grants])
    await tenant.service.log.stop()
    return tenant
