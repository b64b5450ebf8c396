"""The browser's golden vectors are what the engines say: specs/tlog/vectors.json."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from evenhand.receipts import commit, seal_leaf
from evenhand.tlog import (
    Checkpoint,
    Edge,
    Signer,
    TilePath,
    TileTree,
    extend_tiles,
    leaf_hash,
    leaf_hashes,
    render_base64,
    sign_checkpoint,
)

VECTORS = Path(__file__).parents[2] / "specs" / "tlog" / "vectors.json"
SIZES = (1, 2, 3, 6, 7, 8, 255, 256, 257, 511, 600)
ACTOR, ITEM = UUID(int=0x1234), UUID(int=0xABCD)
PATHS = (
    (0, 0, 256), (0, 0, 1), (0, 999, 256), (1, 1000, 17), (2, 1_234_067, 256), (None, 1, 112),
    (None, 123_456_789, 256),
)  # fmt: skip


def small_leaf() -> dict[str, Any]:
    salt = bytes(range(16))
    commitments = [commit(salt, b"actor", ACTOR.bytes), commit(salt, b"object", ITEM.bytes)]
    leaf = seal_leaf(
        kind="payload.released/1",
        at=datetime(2026, 11, 24, 3, 45, 17, 123456, UTC),
        partition=bytes(16),
        commitments=commitments,
        policy="sha256:" + "ab" * 32,
        details={"salt": render_base64(salt), "actor": str(ACTOR), "object": str(ITEM)},
        log_key=bytes(32),
        nonce=bytes(12),
    )
    return {
        "entry": render_base64(leaf.render()),
        "salt": render_base64(salt),
        "actor": str(ACTOR),
        "object": str(ITEM),
        "commitments": [render_base64(one) for one in commitments],
    }


def made_vectors() -> dict[str, Any]:
    entries = [f"entry {number}".encode() for number in range(max(SIZES))]
    proofs: list[dict[str, Any]] = []
    files: dict[str, bytes] = {}
    for size in SIZES:
        files = {
            file.path: file.data
            for file in extend_tiles(
                old_size=0, new_size=size, entries=entries[:size], read=lambda path: b""
            )
        }
        root = Edge.EMPTY.extend(leaf_hashes(entries[:size])).root()
        tree = TileTree(size=size, root=root, read=files.__getitem__)
        for index in sorted({0, 1, size // 2, size - 2, size - 1} & set(range(size))):
            path = tree.inclusion_proof(index=index, size=size)
            proofs.append(
                {
                    "index": index,
                    "size": size,
                    "leaf": render_base64(leaf_hash(entries[index])),
                    "path": [render_base64(one) for one in path],
                    "root": render_base64(root),
                }
            )
    signer = Signer(name="evenhand.local/golden", seed=bytes(range(32)))
    root = Edge.EMPTY.extend(leaf_hashes(entries)).root()
    head = Checkpoint(origin=signer.verifier.name, size=len(entries), root=root)
    return {
        "proofs": proofs,
        "paths": [
            {
                "level": "entries" if level is None else level,
                "number": number,
                "width": width,
                "path": str(TilePath(level=level, number=number, width=width)),
            }
            for level, number, width in PATHS
        ],
        "log": {
            "vkey": signer.verifier.vkey,
            "note": sign_checkpoint(head, signers=[signer]).decode(),
            "files": {path: render_base64(data) for path, data in sorted(files.items())},
        },
        "leaf": small_leaf(),
    }


def test_the_vectors_are_those_of_the_engines() -> None:
    made = made_vectors()
    if os.environ.get("EVENHAND_WRITE_VECTORS") == "1":
        VECTORS.write_text(json.dumps(made, indent=1) + "\n")
    assert json.loads(VECTORS.read_text()) == made
    assert len(made["proofs"]) > 40
