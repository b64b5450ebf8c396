"""A log of so many leaves, what it asks of a witness, and HTTP by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from evenhand.tlog import (
    AddCheckpoint,
    Algorithm,
    Checkpoint,
    Cosigner,
    Edge,
    Signer,
    consistency_proof,
    leaf_hashes,
    node_hash,
    render_add_checkpoint,
    sign_checkpoint,
)
from evenhand.witness import AcceptedLogs, Witness, WitnessState
from evenhand.witness.server import WitnessServer

LOG = Signer(name="log.example/w", seed=b"l" * 32)
OTHER = Signer(name="log.example/o", seed=b"o" * 32)
NOW_S = 1_800_000_000
KEYS = (
    Cosigner(name="w.example/1", seed=b"1" * 32),
    Cosigner(name="w.example/1", seed=b"2" * 32, algorithm=Algorithm.ML_DSA_44),
)
VERIFIERS = tuple(key.verifier for key in KEYS)


def leaves(count: int, *, story: bytes = b"true") -> list[bytes]:
    return leaf_hashes([story + b" %d" % i for i in range(count)])


def head(hashes: Sequence[bytes], *, log: Signer = LOG) -> Checkpoint:
    return Checkpoint(log.name, len(hashes), Edge.EMPTY.extend(hashes).root())


def note(hashes: Sequence[bytes], *, log: Signer = LOG) -> bytes:
    return sign_checkpoint(head(hashes, log=log), signers=[log])


def asked(old_size: int, hashes: Sequence[bytes], *, log: Signer = LOG) -> bytes:
    """A request with the right proof."""

    def node(level: int, index: int) -> bytes:
        row = list(hashes[index << level : (index + 1) << level])
        while len(row) > 1:
            row = [node_hash(a, b) for a, b in zip(row[::2], row[1::2], strict=True)]
        return row[0]

    proof = (
        consistency_proof(old_size=old_size, new_size=len(hashes), node=node)
        if old_size <= len(hashes)
        else ()
    )
    return render_add_checkpoint(AddCheckpoint(old_size, proof, note(hashes, log=log)))


@dataclass(slots=True)
class Ground:
    """A witness over a folder, and the port it answers on."""

    folder: Path
    state: WitnessState
    witness: Witness
    port: int = 0


def open_witness(folder: Path, *logs: Signer) -> Ground:
    folder.mkdir(exist_ok=True)
    (folder / "logs").write_text("".join(f"{log.verifier.vkey}\n" for log in logs or (LOG,)))
    state = WitnessState.open(folder, keys=VERIFIERS)
    witness = Witness(
        keys=KEYS, logs=AcceptedLogs(folder / "logs"), state=state, now_s=lambda: NOW_S
    )
    return Ground(folder, state, witness)


@asynccontextmanager
async def serving(folder: Path, *logs: Signer) -> AsyncGenerator[Ground]:
    ground = open_witness(folder, *logs)
    stop, ready = asyncio.Event(), asyncio.Event()

    def said(url: str) -> None:
        ground.port = int(url.rpartition(":")[2])
        ready.set()

    task = asyncio.create_task(
        WitnessServer(ground.witness).serve("127.0.0.1", 0, stop=stop, ready=said)
    )
    await ready.wait()
    try:
        yield ground
    finally:
        stop.set()
        await task
        ground.state.close()


@dataclass(frozen=True, slots=True)
class Said:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes


async def read_answer(reader: asyncio.StreamReader) -> Said:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *fields = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (f.partition(": ") for f in fields)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Said(int(line.split()[1]), headers, body)


async def send(port: int, data: bytes) -> Said:
    """Bytes on a connection of their own, and the first answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        return await read_answer(reader)
    finally:
        writer.close()
        await writer.wait_closed()


def posted(body: bytes, *, path: str = "/add-checkpoint", more: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: w\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


async def post(port: int, body: bytes) -> Said:
    return await send(port, posted(body))
