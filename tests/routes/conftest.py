"""One real service for this folder, with two workspaces full of things."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.faults.processes import House, opened_house
from tests.faults.worlds import World, build_world
from tests.routes.operations import Operation, operations_of


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with opened_house() as house:
        house.up()
        yield house


@pytest.fixture(scope="session")
def world(house: House) -> World:
    """The caller's own workspace."""
    return build_world(house, "acme")


@pytest.fixture(scope="session")
def other(house: House) -> World:
    """Somebody else's workspace in the same service."""
    return build_world(house, "bolt")


@pytest.fixture(scope="session")
def operations(house: House) -> list[Operation]:
    return operations_of(house.url)
