"""Verifying a receipt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evenhand.receipts import (
    KINDS,
    PROOF_BYTES_MAX,
    Receipt,
    ReceiptError,
    open_receipt,
    unsafe_receipt_origin,
)
from evenhand.tlog import LogError, Policy, QuorumError, Verifier, check_quorum, parse_vkey
from evenhand.verify.errors import UnreachableError, VerificationError, WrongUseError
from evenhand.verify.files import read_file
from evenhand.verify.quorum import accepted_keys, cosigned_by, quorum_proved

_VKEY_BYTES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class ReceiptReport:
    """What a receipt proves: which entry stands at which index of which log.

    Shapes:
        entry: The bytes of the log entry.
        cosigned: Witnesses of the policy that have cosigned, each with its time.
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
    cosigned: tuple[str, ...]
    proved: tuple[str, ...]
    not_proved: tuple[str, ...]


def verify_receipt(
    file: Path, log: Verifier | Callable[[str], Verifier], *, policy: Policy | None = None
) -> ReceiptReport:
    """Verify a receipt against a log's key, or against the key that is found for its origin.

    A policy's logs go before those that are looked for, and its quorum must be reached.

    Raises:
        VerificationError: Refused; the message names the line.
        WrongUseError: As the function given raises it.
        UnreachableError: The file cannot be read.
    """
    data = read_file(file, bytes_max=PROOF_BYTES_MAX)
    if data is None:
        raise UnreachableError(f"{file} does not exist")
    try:
        origin = unsafe_receipt_origin(data)
        given = log if isinstance(log, Verifier) else None
        keys = accepted_keys(policy, origin=origin, given=given)
        if not keys and not isinstance(log, Verifier):
            keys = accepted_keys(policy, origin=origin, given=log(origin))
        key, receipt = _open(data, keys, policy)
    except (ReceiptError, QuorumError) as error:
        raise VerificationError(f"{file}: {error}") from error
    checkpoint, leaf = receipt.signed.checkpoint, receipt.leaf
    proved = [
        f"the checkpoint of size {checkpoint.size} is signed by {key.vkey}",
        f"the entry stands at index {receipt.index} under its root",
        "the entry is a well-formed leaf",
    ]
    not_proved = ["what the sealed details say: they open only under the log key"]
    if (cosigned := quorum_proved(policy)) is not None:
        proved.append(cosigned)
    else:
        not_proved.append(
            "that the log shows this history to everyone: compare checkpoints, or give a policy"
        )
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
        cosigned=cosigned_by(policy, receipt.signed),
        proved=tuple(proved),
        not_proved=tuple(not_proved),
    )


def _open(data: bytes, keys: Sequence[Verifier], policy: Policy | None) -> tuple[Verifier, Receipt]:
    """Open under the first of the keys that has signed, and check the quorum."""
    witnesses = () if policy is None else policy.verifiers
    for key in keys[:-1]:
        try:
            receipt = open_receipt(data, log=key, witnesses=witnesses)
        except ReceiptError:
            continue
        break
    else:
        key = keys[-1]
        receipt = open_receipt(data, log=key, witnesses=witnesses)
    if policy is not None:
        check_quorum(policy, receipt.signed.cosignatures)
    return key, receipt


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
