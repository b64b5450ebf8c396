"""Receipts: one file that proves, without network or server, that an entry is in a log.

A receipt is a C2SP tlog-proof (https://c2sp.org/tlog-proof)::

    c2sp.org/tlog-proof@v1
    extra <base64 of the entry>
    index <decimal>
    <base64 of a hash> ...

    <checkpoint, verbatim>

The specification lets ``extra`` hold what is needed to compute the leaf hash; ours is the entry
itself, byte for byte as it stands in the log. It is not trusted: its hash either leads to the
signed root or the receipt is refused.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from evenhand.receipts.errors import LeafError, ReceiptError
from evenhand.receipts.leaf import Leaf, parse_leaf
from evenhand.tlog import (
    ENTRY_BYTES_MAX,
    HASH_BYTES,
    NOTE_BYTES_MAX,
    SIZE_MAX,
    LogError,
    SignedCheckpoint,
    Verifier,
    leaf_hash,
    open_checkpoint,
    parse_base64,
    parse_decimal,
    render_base64,
    unsafe_read_checkpoint,
    verify_inclusion,
)

PROOF_BYTES_MAX = NOTE_BYTES_MAX + 2 * ENTRY_BYTES_MAX
PROOF_HASHES_MAX = 63

T = TypeVar("T")

_HEADER = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = "index "


@dataclass(frozen=True, slots=True)
class Proof:
    """A tlog-proof, taken apart but not verified.

    Shapes:
        path: The inclusion proof, 32 bytes each, the leaf's sibling first.
        checkpoint: The signed note, verbatim.
        extra: Opaque bytes, or None if the line is missing; never empty.

    Raises:
        ReceiptError: A part that has no rendering.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be written."""
        if not 0 <= self.index <= SIZE_MAX:
            raise ReceiptError(f"{self.index} is not the index of an entry")
        if len(self.path) > PROOF_HASHES_MAX or any(len(h) != HASH_BYTES for h in self.path):
            raise ReceiptError(f"a proof has at most {PROOF_HASHES_MAX} hashes of 32 bytes")
        if self.extra == b"":
            raise ReceiptError("extra data that is empty must be left out")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a verified receipt proves: this leaf stands at this index of this checkpoint."""

    leaf: Leaf
    entry: bytes
    index: int
    signed: SignedCheckpoint


def render_proof(proof: Proof) -> bytes:
    """Return the file's bytes."""
    lines = [_HEADER]
    if proof.extra is not None:
        lines.append(_EXTRA + render_base64(proof.extra))
    lines.append(f"{_INDEX}{proof.index}")
    lines += [render_base64(digest) for digest in proof.path]
    return "\n".join(lines).encode("ascii") + b"\n\n" + proof.checkpoint


def parse_proof(data: bytes) -> Proof:
    """Take a tlog-proof apart.

    Raises:
        ReceiptError: Malformed; the message names the line.
    """
    if len(data) > PROOF_BYTES_MAX:
        raise ReceiptError(f"the file is longer than {PROOF_BYTES_MAX} bytes")
    head, gap, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise ReceiptError("a line above the checkpoint is not ASCII") from error
    if lines[0] != _HEADER:
        raise ReceiptError(f"line 1 is not {_HEADER}")
    if not gap:
        raise ReceiptError("no checkpoint follows after an empty line")
    extra: bytes | None = None
    number = 2
    if "".join(lines[1:2]).startswith(_EXTRA):
        extra = _read(parse_base64, lines[1].removeprefix(_EXTRA), number=number)
        number = 3
    index_line = "".join(lines[number - 1 : number])
    if not index_line.startswith(_INDEX):
        raise ReceiptError(f"line {number} is not the index of the entry")
    index = _read(parse_decimal, index_line.removeprefix(_INDEX), number=number)
    path = [
        _read(parse_base64, line, number=i)
        for i, line in enumerate(lines[number:], start=number + 1)
    ]
    return Proof(index=index, path=tuple(path), checkpoint=checkpoint, extra=extra)


def _read(parse: Callable[[str], T], text: str, *, number: int) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise ReceiptError(f"line {number} is {error}") from error


def verify_proof(
    proof: Proof, *, entry: bytes, log: Verifier, witnesses: Sequence[Verifier] = ()
) -> SignedCheckpoint:
    """Check that the entry is in the log with this key (tlog-proof, "Verifying a tlog proof").

    Raises:
        ReceiptError: It is not proved.
    """
    try:
        signed = open_checkpoint(proof.checkpoint, log=log, witnesses=witnesses)
        verify_inclusion(
            leaf_hash=leaf_hash(entry),
            index=proof.index,
            size=signed.checkpoint.size,
            proof=proof.path,
            root=signed.checkpoint.root,
        )
    except LogError as error:
        raise ReceiptError(str(error)) from error
    return signed


def render_receipt(*, entry: bytes, index: int, path: Sequence[bytes], checkpoint: bytes) -> bytes:
    """Return a receipt for an entry, given its inclusion proof and a signed checkpoint's note.

    Raises:
        ReceiptError: A part that has no rendering.
    """
    proof = Proof(index=index, path=tuple(path), checkpoint=checkpoint, extra=entry)
    return render_proof(proof)


def open_receipt(data: bytes, *, log: Verifier, witnesses: Sequence[Verifier] = ()) -> Receipt:
    """Verify a receipt against the log's key.

    Raises:
        ReceiptError: Malformed, without an entry, not proved, or the entry is not one of our
            leaves.
    """
    proof = parse_proof(data)
    if proof.extra is None:
        raise ReceiptError("the receipt does not carry its entry in an extra line")
    signed = verify_proof(proof, entry=proof.extra, log=log, witnesses=witnesses)
    try:
        leaf = parse_leaf(proof.extra)
    except LeafError as error:
        raise ReceiptError(f"line 2: the entry is in the log but is no leaf: {error}") from error
    return Receipt(leaf=leaf, entry=proof.extra, index=proof.index, signed=signed)


def unsafe_receipt_origin(data: bytes) -> str:
    """Return the origin that a receipt claims, unverified: fit for finding the log's key.

    Raises:
        ReceiptError: Malformed.
    """
    try:
        return unsafe_read_checkpoint(parse_proof(data).checkpoint).origin
    except LogError as error:
        raise ReceiptError(str(error)) from error
