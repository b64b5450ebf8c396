"""Verifying a receipt."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evenhand.receipts import (
    KINDS,
    PROOF_BYTES_MAX,
    ReceiptError,
    open_receipt,
    unsafe_receipt_origin,
)
from evenhand.tlog import LogError, Verifier, parse_vkey
from evenhand.verify.errors import UnreachableError, VerificationError, WrongUseError
from evenhand.verify.files import read_file

_VKEY_BYTES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class ReceiptReport:
    """What a receipt proves: which entry stands at which index of which log.

    Shapes:
        entry: The bytes of the log entry.
        proved, not_proved: Sentences for people.
    """

    origin: str
    vkey: str
    index: int
    size: int
    root: bytes
    entry: bytes
    kind: str
    at: str
    proved: tuple[str, ...]
    not_proved: tuple[str, ...]


def verify_receipt(file: Path, log: Verifier | Callable[[str], Verifier]) -> ReceiptReport:
    """Verify a receipt against a log's key, or against the key that is found for its origin.

    Raises:
        VerificationError: Refused; the message names the line.
        WrongUseError: As the function given raises it.
        UnreachableError: The file cannot be read.
    """
    data = read_file(file, bytes_max=PROOF_BYTES_MAX)
    if data is None:
        raise UnreachableError(f"{file} does not exist")
    try:
        key = log if isinstance(log, Verifier) else log(unsafe_receipt_origin(data))
        receipt = open_receipt(data, log=key)
    except ReceiptError as error:
        raise VerificationError(f"{file}: {error}") from error
    checkpoint, leaf = receipt.signed.checkpoint, receipt.leaf
    not_proved = [
        "that the log shows this history to everyone: compare checkpoints, or ask witnesses",
        "what the sealed details say: they open only under the log key",
    ]
    if leaf.kind not in KINDS:
        not_proved.append(f"what a leaf of kind {leaf.kind} means: unknown to this program")
    return ReceiptReport(
        origin=checkpoint.origin,
        vkey=key.vkey,
        index=receipt.index,
        size=checkpoint.size,
        root=checkpoint.root,
        entry=receipt.entry,
        kind=leaf.kind,
        at=leaf.at.isoformat(),
        proved=(
            f"the checkpoint of size {checkpoint.size} is signed by {key.vkey}",
            f"the entry stands at index {receipt.index} under its root",
            "the entry is a well-formed leaf",
        ),
        not_proved=tuple(not_proved),
    )


def find_known_key(folder: Path, *, origin: str) -> Verifier:
    """Return the key of a log from a folder of ``*.vkey`` files, each one line.

    Raises:
        WrongUseError: None has the log's name.
        VerificationError: Two different keys have it.
        UnreachableError: A file cannot be read or is not a key.
    """
    found: set[Verifier] = set()
    for file in sorted(folder.glob("*.vkey")):
        data = read_file(file, bytes_max=_VKEY_BYTES_MAX) or b""
        try:
            verifier = parse_vkey(data.decode().removesuffix("\n"))
        except (LogError, UnicodeDecodeError) as error:
            raise UnreachableError(f"{file} is not a verifier key: {error}") from error
        if verifier.name == origin:
            found.add(verifier)
    if not found:
        raise WrongUseError(
            f"no key is known for the log {origin!r}: give it with --key, or put a file with the "
            f"key into {folder}"
        )
    if len(found) > 1:
        raise VerificationError(f"{folder} has two different keys for {origin!r}: give --key")
    return found.pop()
