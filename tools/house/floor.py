"""The floor plan's names, as the rules need them (docs/adr/0001-floor-plan-and-gates.md)."""

from __future__ import annotations

__all__ = ["EDGES", "ENGINES", "FURNITURE", "PRIVATE_MODULES", "ROOMS"]

EDGES = frozenset({"app", "client", "compat", "keyholder", "verify", "witness"})

ROOMS = frozenset(
    {
        "access",
        "conflicts",
        "consensus",
        "exit",
        "exports",
        "exposure",
        "gold",
        "identity",
        "imports",
        "items",
        "judgments",
        "ontologies",
        "parties",
        "progress",
        "projects",
        "reports",
        "reviews",
        "tasks",
        "transparency",
        "vault",
        "workforce",
    }
)

ENGINES = frozenset({"formats", "ownership", "quality", "receipts", "sealing", "tasktypes", "tlog"})

FURNITURE = frozenset(
    {
        "README.md",
        "__init__.py",
        "actions.py",
        "cli.py",
        "functions.sql",
        "jobs.py",
        "model.py",
        "invariants.sql",
        "queries.sql",
        "routes.py",
        "rules.py",
        "schemas.py",
        "store.py",
    }
)

# What a neighbour may not import: it comes in through the door.
PRIVATE_MODULES = frozenset({"jobs", "queries", "routes", "schemas", "store"})
