"""H030 to H032: neighbours come in through the door, and only access opens the vault."""

from __future__ import annotations

from collections.abc import Iterator

from house.floor import PRIVATE_MODULES, ROOMS
from house.model import Finding, Tree
from house.names import imported_modules

__all__ = ["check_client", "check_doors", "check_vault_opening"]

# The composition root connects routes and jobs of every room; that is what it is for.
COMPOSITION = "src/evenhand/app/"
OPENING = "evenhand.vault.opening"
NOT_FOR_CLIENTS = ROOMS | {"app", "platform"}


def check_doors(tree: Tree) -> Iterator[Finding]:
    """No package imports another room's store, queries, schemas, routes or jobs."""
    for source in tree.python(below="src/evenhand/"):
        for line, name in imported_modules(source):
            parts = name.split(".")
            if parts[0] != "evenhand" or len(parts) < 3 or parts[1] not in ROOMS:  # noqa: PLR2004
                continue
            room, module = parts[1], parts[2]
            if room == source.package or module not in PRIVATE_MODULES:
                continue
            if source.path.startswith(COMPOSITION) and module in {"jobs", "routes"}:
                continue
            sentence = f"evenhand.{room}.{module} is private to {room}. Use its door."
            yield Finding(source.path, line, "H030", sentence)


def check_vault_opening(tree: Tree) -> Iterator[Finding]:
    """Only access imports the function that decrypts."""
    for source in tree.python(below="src/evenhand/"):
        if source.package == "access" or source.path == "src/evenhand/vault/opening.py":
            continue
        for line, name in imported_modules(source):
            if name == OPENING or name.startswith(f"{OPENING}."):
                sentence = "Only evenhand.access may open the vault: release through its door."
                yield Finding(source.path, line, "H031", sentence)


def check_client(tree: Tree) -> Iterator[Finding]:
    """The client is a library for others: it knows HTTP, no room and no ground."""
    for source in tree.python(below="src/evenhand/client/"):
        for line, name in imported_modules(source):
            parts = name.split(".")
            if parts[0] == "evenhand" and len(parts) > 1 and parts[1] in NOT_FOR_CLIENTS:
                sentence = f"evenhand.client imports evenhand.{parts[1]}; it may know the API only."
                yield Finding(source.path, line, "H032", sentence)
