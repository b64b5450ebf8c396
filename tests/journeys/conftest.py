"""One real service with a workspace that has been worked in, for the commands of this folder."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from tests.faults.processes import House, opened_house
from tests.faults.worlds import World, build_world


@pytest.fixture(scope="session")
def house() -> Generator[House]:
    with opened_house() as house:
        house.up()
        yield house


@pytest.fixture(scope="session")
def world(house: House) -> World:
    return build_world(house, "acme")
