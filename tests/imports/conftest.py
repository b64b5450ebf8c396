"""One real service for this folder, with one workspace; each test makes its own project."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.faults.processes import House, opened_house
from tests.faults.worlds import make_project


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with opened_house() as house:
        house.up()
        yield house


@pytest.fixture(scope="session")
def owner(house: House) -> str:
    return house.accept(house.make_workspace("acme")["owner_code"])


@pytest.fixture
def project(house: House, owner: str) -> str:
    return make_project(house, owner)
