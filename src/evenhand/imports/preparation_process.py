"""The preparation process of one large import: `python -m evenhand.imports.preparation_process`.

Standard input and output are pipes to the web process that started it, of frames: length in 4 bytes
big-endian, then msgpack. In comes a `Recipe` and then an `Order` for each chunk; out goes an empty
frame once the process is ready, and then the answer to each order, in turn. It ends when its input
does, so it never outlives its parent; it opens no file, no socket and no database.

Keys come in by the pipe alone, never by arguments or the environment. They stay in the memory of
two processes of one account, which at level L0 could both read the hosted key's file anyway.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import signal
import sys
from typing import TYPE_CHECKING

import msgspec

from evenhand.sealing import DataKey

from .model import ImportRefused, Order, Prepared, Recipe, Refused
from .rows import RowMaker

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["HEAD_BYTES", "main"]

HEAD_BYTES = 4
_PIPE_BYTES = 1 << 20
_encode = msgspec.msgpack.Encoder().encode


def _read(source: BinaryIO) -> bytes:
    """One frame; empty at the end of the input, also when that comes inside of a frame."""
    head = source.read(HEAD_BYTES)
    size = int.from_bytes(head, "big")
    frame = source.read(size)
    return frame if len(frame) == size else b""


def _write(sink: BinaryIO, frame: bytes) -> None:
    sink.write(len(frame).to_bytes(HEAD_BYTES, "big"))
    sink.write(frame)
    sink.flush()


def _answer(maker: RowMaker, order: Order) -> Prepared | Refused:
    try:
        return maker.prepare(order.chunk, DataKey(id=order.dek_id, key=order.dek))
    except ImportRefused as error:
        return Refused(error.detail, [(p.path, p.detail) for p in error.problems])


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer orders until the input ends."""
    maker = RowMaker(msgspec.msgpack.decode(_read(source), type=Recipe))
    orders = msgspec.msgpack.Decoder(Order)
    _write(sink, b"")
    while frame := _read(source):
        _write(sink, _encode(_answer(maker, orders.decode(frame))))


def main() -> None:
    """Serve the parent. An interrupt of the whole terminal is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Rows form no rings: counting references frees them, and the collector would only walk them.
    gc.disable()
    for pipe in (sys.stdin, sys.stdout):
        # An eighth of the switches between two processes. Other systems than Linux keep theirs.
        with contextlib.suppress(AttributeError, OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        # The parent went away while an answer was on its way; there is nobody left to tell.
        sys.stdout = None


if __name__ == "__main__":
    main()
