"""Data folders for real servers, and the certainty that no server outlives its test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.places import open_folder

from evenhand.platform.postgres import EmbeddedPostgres
from evenhand.platform.postgres.account import preferred_account
from evenhand.platform.postgres.binaries import find_binaries, reachable_binaries
from evenhand.platform.postgres.layout import Layout, existing_layout
from evenhand.platform.postgres.postmaster import shut_down

Make = Callable[..., EmbeddedPostgres]


@pytest.fixture(scope="session")
def pg_bin() -> Iterator[Path]:
    """Programs that the server's account can reach, wherever this checkout lies."""
    found = find_binaries(explicit=None, major=None)
    if os.geteuid() != 0:
        yield found.folder
        return
    place = open_folder()
    yield reachable_binaries(found, copies=place / "copies", account=preferred_account()).folder
    shutil.rmtree(place)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder that another account may traverse (pytest's own is closed as root)."""
    place = open_folder()
    yield place
    remove(place)


@pytest.fixture(scope="module")
def module_folder() -> Iterator[Path]:
    place = open_folder()
    yield place
    remove(place)


@pytest.fixture
def data_dir(folder: Path) -> Path:
    return folder / "data"


@pytest.fixture
def make(data_dir: Path, pg_bin: Path) -> Iterator[Make]:
    """Make objects on one data folder; each is stopped at the end."""
    made: list[EmbeddedPostgres] = []

    def build(**arguments: Any) -> EmbeddedPostgres:
        given: dict[str, Any] = {"data_dir": data_dir, "binaries": pg_bin, **arguments}
        made.append(EmbeddedPostgres(**given))
        return made[-1]

    yield build
    for one in made:
        one.stop()


def remove(place: Path) -> None:
    # A killed owner leaves its server behind on purpose. A test that fails must not.
    for base in [*place.rglob("postgres/start.lock")]:
        layout = existing_layout(base.parent.parent)
        if layout is not None:
            assert isinstance(layout, Layout)
            shut_down(layout)
    shutil.rmtree(place)
