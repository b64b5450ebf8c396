"""Services of this folder's own: each test that breaks one makes its own."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from tests.faults.external import ExternalPostgres, opened_postgres
from tests.faults.processes import House, opened_house


@pytest.fixture
def house() -> Generator[House]:
    with opened_house() as house:
        house.up()
        yield house


@pytest.fixture(scope="session")
def external() -> Generator[ExternalPostgres]:
    with opened_postgres() as server:
        yield server
