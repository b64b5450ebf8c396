"""One real service for this folder, with a workspace and two annotators."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from tests.exports.judged import People
from tests.faults.processes import House, opened_house
from tests.faults.worlds import invite


@pytest.fixture(scope="session")
def house() -> Generator[House]:
    with opened_house() as house:
        house.up()
        yield house


@pytest.fixture(scope="session")
def people(house: House) -> People:
    made = house.make_workspace("acme")
    owner = house.accept(made["owner_code"])
    return People(
        workspace=made["id"],
        vkey=made["log_vkey"],
        owner=owner,
        annotators=tuple(invite(house, owner, f"annotator-{number}")[1] for number in range(2)),
    )
