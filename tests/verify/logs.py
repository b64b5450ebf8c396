"""Logs to verify: a folder with real leaves, and a server that shows it."""

import gzip
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from evenhand.receipts import render_receipt, seal_leaf
from evenhand.tlog import (
    Checkpoint,
    Edge,
    Signer,
    TileTree,
    extend_tiles,
    leaf_hashes,
    sign_checkpoint,
)

LOG = Signer(name="log.example/w", seed=b"l" * 32)
START = datetime(2026, 11, 24, tzinfo=UTC)


@cache
def entry(i: int, kind: str = "payload.released/1") -> bytes:
    """Return the i-th leaf."""
    return seal_leaf(
        kind=kind,
        at=START + timedelta(milliseconds=i),
        partition=None,
        commitments=[],
        policy="sha256:" + "00" * 32,
        details={"i": i},
        log_key=bytes(32),
        nonce=i.to_bytes(12),
    ).render()


def entries(size: int) -> list[bytes]:
    """Return the leaves of a log."""
    return [entry(i) for i in range(size)]


def checkpoint(leaves: list[bytes], signer: Signer = LOG) -> bytes:
    """Return the signed checkpoint over these leaves."""
    root = Edge.EMPTY.extend(leaf_hashes(leaves)).root()
    return sign_checkpoint(Checkpoint(signer.name, len(leaves), root), signers=[signer])


def write_log(folder: Path, leaves: list[bytes], *, grown_from: int = 0) -> None:
    """Publish a log in a folder."""
    files = extend_tiles(
        old_size=grown_from,
        new_size=len(leaves),
        entries=leaves[grown_from:],
        read=lambda path: (folder / path).read_bytes(),
    )
    for file in list(files):
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "checkpoint").write_bytes(checkpoint(leaves))


def receipt(folder: Path, leaves: list[bytes], index: int) -> bytes:
    """Return the receipt of one leaf of a log in a folder."""
    root = Edge.EMPTY.extend(leaf_hashes(leaves)).root()
    size = len(leaves)
    tree = TileTree(size=size, root=root, read=lambda path: (folder / path).read_bytes())
    return render_receipt(
        entry=leaves[index],
        index=index,
        path=tree.inclusion_proof(index=index, size=size),
        checkpoint=(folder / "checkpoint").read_bytes(),
    )


class Server(ThreadingHTTPServer):
    """Shows a folder below ``/log/w``; misbehaves as a test tells it."""

    folder: Path
    api_key: str | None = None
    compress: bool = False
    requests: list[tuple[str, str | None]]
    answers: dict[str, tuple[int, dict[str, str], bytes]]
    faults_left: int = 0

    @property
    def address(self) -> str:
        """Return the log's address."""
        return f"http://127.0.0.1:{self.server_address[1]}/log/w"


class _Handler(BaseHTTPRequestHandler):
    @property
    def shown(self) -> Server:
        """Return the server, as what it is."""
        assert isinstance(self.server, Server)
        return self.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        key = self.headers.get("Authorization")
        self.shown.requests.append((self.path, key))
        status, headers, body = self._answer(key)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, key: str | None) -> tuple[int, dict[str, str], bytes]:
        if self.shown.faults_left:
            self.shown.faults_left -= 1
            return 503, {}, b""
        if self.shown.api_key and key != f"Bearer {self.shown.api_key}":
            return 401, {}, b""
        name = self.path.removeprefix("/log/w/")
        if name in self.shown.answers:
            return self.shown.answers[name]
        file = self.shown.folder / name
        if not file.is_file():
            return 404, {}, b""
        body = file.read_bytes()
        if self.shown.compress:
            return 200, {"Content-Encoding": "gzip"}, gzip.compress(body)
        return 200, {}, body


@contextmanager
def serving(folder: Path) -> Generator[Server]:
    """Serve a folder on a free loopback port."""
    server = Server(("127.0.0.1", 0), _Handler)
    server.folder, server.requests, server.answers = folder, [], {}
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
