"""Tree heads: what a checkpoint says, as the text that is signed.

The text of the note (C2SP tlog-checkpoint, https://c2sp.org/tlog-checkpoint) is::

    <origin>
    <tree size, ASCII decimal>
    <root hash, base64>
    [<extension line> ...]
"""

import re
from dataclasses import dataclass

from evenhand.tlog.errors import CheckpointError
from evenhand.tlog.merkle import HASH_BYTES
from evenhand.tlog.text import SIZE_MAX, parse_base64, parse_decimal, render_base64

_CONTROL = re.compile("[\x00-\x1f]")
_LINES_MIN = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Tree head: origin of the log, number of leaves, 32-byte root, opaque extension lines.

    Raises:
        CheckpointError: A part that could not be written as a checkpoint.

    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what has no rendering."""
        for number, line in ((1, self.origin), *enumerate(self.extensions, start=4)):
            if not line or _CONTROL.search(line):
                raise CheckpointError(
                    f"line {number} of the checkpoint is empty or has a control character"
                )
        if not 0 <= self.size <= SIZE_MAX:
            raise CheckpointError(f"line 2 of the checkpoint: {self.size} is not a tree size")
        if len(self.root) != HASH_BYTES:
            raise CheckpointError(
                f"line 3 of the checkpoint: the root hash has not {HASH_BYTES} bytes"
            )


def render_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Return the note text."""
    head = (checkpoint.origin, str(checkpoint.size), render_base64(checkpoint.root))
    return "".join(f"{line}\n" for line in (*head, *checkpoint.extensions)).encode()


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Read a note text as a checkpoint.

    Raises:
        CheckpointError: Malformed; the message names the line.

    """
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise CheckpointError("the checkpoint is not UTF-8") from error
    if lines.pop() or len(lines) < _LINES_MIN:
        raise CheckpointError("the checkpoint has not at least three lines that end in a newline")
    number = 2
    try:
        size = parse_decimal(lines[1])
        number = 3
        root = parse_base64(lines[2])
    except ValueError as error:
        raise CheckpointError(f"line {number} of the checkpoint is {error}") from error
    return Checkpoint(origin=lines[0], size=size, root=root, extensions=tuple(lines[3:]))
