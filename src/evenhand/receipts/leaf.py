"""One entry of our logs: who did what is sealed, that something was done is public.

The entry is one line of canonical JSON (keys sorted, no spaces, ASCII), so that the same leaf
always has the same bytes and no two leaves share them::

    {"commitments":["<base64 of 32 bytes>", ...],"details":"<base64>","kind":"payload.released/1",
     "partition":"<base64 of 16 bytes>" | null,"policy":"sha256:<64 hex digits>",
     "time":"2026-11-24T03:45:17.123456Z","v":1}

(one line in truth). ``details`` is ``nonce || ciphertext || tag`` of AES-256-GCM over the canonical
JSON of an object, under the workspace's log key; the associated data is the leaf's canonical JSON
without ``details``, so details cannot be moved to another leaf. When the log key is destroyed, the
entry still hashes and proves, and says nothing about anyone.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest as hmac_digest
from typing import cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from evenhand.receipts.errors import LeafError
from evenhand.tlog import ENTRY_BYTES_MAX, Edge, leaf_hashes, parse_base64, render_base64

LEAF_VERSION = 1
LOG_KEY_BYTES = 32
NONCE_BYTES = 12
PARTITION_BYTES = 16
COMMITMENT_BYTES = 32
SALT_BYTES_MIN = 16

_TAG_BYTES = 16
_KIND = re.compile(r"[a-z][a-z0-9_]{0,62}(?:\.[a-z][a-z0-9_]{0,62}){1,3}/[1-9][0-9]{0,3}")
_POLICY = re.compile("sha256:[0-9a-f]{64}")
_KEYS = ("commitments", "details", "kind", "partition", "policy", "time", "v")
_UNSEALED = bytes(NONCE_BYTES + _TAG_BYTES)
_NO_OFFSET = timedelta(0)
_COMMIT_LABEL = b"evenhand commitment 1\x00"
_BLIND_LABEL = b"evenhand partition 1\x00"
_render_details = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
).encode


@dataclass(frozen=True, slots=True)
class Leaf:
    """One log entry.

    Shapes:
        kind: Dotted lower-case words in the past tense and a version, ``payload.released/1``.
        at: An instant in UTC, to the microsecond.
        partition: A 16-byte blinded key that groups entries for those who can compute it, or None.
        commitments: Salted commitments of 32 bytes each.
        policy: ``sha256:`` and the hash of the policy text that was in force.
        details: Nonce, ciphertext and tag.

    Raises:
        LeafError: A part has another shape.
    """

    kind: str
    at: datetime
    partition: bytes | None
    commitments: tuple[bytes, ...]
    policy: str
    details: bytes
    _around: tuple[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what has no rendering; render what stands before and after ``details``."""
        if _KIND.fullmatch(self.kind) is None:
            raise LeafError(f"kind {self.kind!r} is not written like payload.released/1")
        if self.at.utcoffset() != _NO_OFFSET:
            raise LeafError("the time is not in UTC")
        if self.partition is not None and len(self.partition) != PARTITION_BYTES:
            raise LeafError(f"the partition has not {PARTITION_BYTES} bytes")
        for commitment in self.commitments:
            if len(commitment) != COMMITMENT_BYTES:
                raise LeafError(f"a commitment has not {COMMITMENT_BYTES} bytes")
        if _POLICY.fullmatch(self.policy) is None:
            raise LeafError("the policy is not sha256: and 64 hexadecimal digits")
        if len(self.details) < NONCE_BYTES + _TAG_BYTES:
            raise LeafError("the details are shorter than a nonce and a tag")
        object.__setattr__(self, "_around", self._render_around())

    def _render_around(self) -> tuple[str, str]:
        """Nothing that is put in can hold a quote or a backslash, so no escaping is needed."""
        listed = ",".join([f'"{render_base64(commitment)}"' for commitment in self.commitments])
        group = "null" if self.partition is None else f'"{render_base64(self.partition)}"'
        # The first 26 characters of a UTC instant are everything but its offset.
        time = self.at.isoformat("T", "microseconds")[:26]
        tail = f'"kind":"{self.kind}","partition":{group},"policy":"{self.policy}"'
        return f'{{"commitments":[{listed}],', f'{tail},"time":"{time}Z","v":1}}'

    @property
    def associated_data(self) -> bytes:
        """The canonical JSON of everything but ``details``."""
        return "".join(self._around).encode("ascii")

    def render(self) -> bytes:
        """Return the entry's bytes.

        Raises:
            LeafError: More than a log entry can hold.
        """
        head, tail = self._around
        entry = f'{head}"details":"{render_base64(self.details)}",{tail}'.encode("ascii")
        if len(entry) > ENTRY_BYTES_MAX:
            raise LeafError(f"the leaf has {len(entry)} bytes, more than {ENTRY_BYTES_MAX}")
        return entry


def seal_leaf(
    *,
    kind: str,
    at: datetime,
    partition: bytes | None,
    commitments: Sequence[bytes],
    policy: str,
    details: Mapping[str, object],
    log_key: bytes,
    nonce: bytes,
) -> Leaf:
    """Seal the details of a leaf.

    ``nonce`` must never be used twice under one log key: 12 random bytes are safe for 2^32 leaves
    (NIST SP 800-38D section 8.3), after which the key must be changed.

    Raises:
        LeafError: A part has a wrong shape, the details are not JSON, or key or nonce have a
            wrong length.
    """
    if len(log_key) != LOG_KEY_BYTES or len(nonce) != NONCE_BYTES:
        raise LeafError(f"a log key has {LOG_KEY_BYTES} bytes and a nonce {NONCE_BYTES}")
    try:
        plaintext = _render_details(dict(details)).encode("ascii")
    except (TypeError, ValueError) as error:
        raise LeafError(f"the details cannot be written as JSON: {error}") from error
    leaf = Leaf(
        kind=kind,
        at=at,
        partition=partition,
        commitments=tuple(commitments),
        policy=policy,
        details=_UNSEALED,
    )
    sealed = AESGCM(log_key).encrypt(nonce, plaintext, leaf.associated_data)
    # The leaf is not yet anyone else's: completing it saves a second validation and rendering.
    object.__setattr__(leaf, "details", nonce + sealed)
    return leaf


def parse_leaf(entry: bytes) -> Leaf:
    """Read an entry. Only the bytes that ``Leaf.render`` would write are taken.

    Raises:
        LeafError: Anything else: not JSON, keys that are unknown, missing or twice, values of
            another shape, or another spelling of the same values.
    """
    fields = _parse_object(entry)
    try:
        leaf = Leaf(
            kind=_text(fields, "kind"),
            at=datetime.fromisoformat(_text(fields, "time")).astimezone(UTC),
            partition=None if fields["partition"] is None else _bytes(fields, "partition"),
            commitments=_commitments(fields),
            policy=_text(fields, "policy"),
            details=_bytes(fields, "details"),
        )
    except (ValueError, OverflowError) as error:
        raise LeafError(str(error)) from error
    if leaf.render() != entry:
        raise LeafError("the leaf is not written canonically")
    return leaf


def _parse_object(entry: bytes) -> dict[str, object]:
    """Read the JSON object and check its keys and its version."""
    try:
        found: object = json.loads(entry.decode("ascii"), object_pairs_hook=_unique)
    except LeafError:
        raise
    except (ValueError, RecursionError) as error:
        raise LeafError(f"the leaf is not JSON in ASCII: {error}") from error
    if not isinstance(found, dict):
        raise LeafError("the leaf is not a JSON object")
    fields = cast("dict[str, object]", found)
    for key in _KEYS:
        if key not in fields:
            raise LeafError(f"the leaf has no {key!r}")
    for key in fields:
        if key not in _KEYS:
            raise LeafError(f"the leaf has an unknown key {key!r}")
    if fields["v"] != LEAF_VERSION:
        raise LeafError(f"the leaf has version {fields['v']!r}, not {LEAF_VERSION}")
    return fields


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise LeafError("the leaf has a key twice")
    return fields


def _text(fields: Mapping[str, object], key: str) -> str:
    value = fields[key]
    if not isinstance(value, str):
        raise LeafError(f"{key!r} is not a string")
    return value


def _bytes(fields: Mapping[str, object], key: str) -> bytes:
    try:
        return parse_base64(_text(fields, key))
    except LeafError:
        raise
    except ValueError as error:
        raise LeafError(f"{key!r} is {error}") from error


def _commitments(fields: Mapping[str, object]) -> tuple[bytes, ...]:
    listed = fields["commitments"]
    if not isinstance(listed, list):
        raise LeafError("'commitments' is not a list")
    items = cast("list[object]", listed)
    return tuple(_bytes({"commitments": item}, "commitments") for item in items)


def open_details(leaf: Leaf, log_key: bytes) -> dict[str, object]:
    """Decrypt the details of a leaf.

    Raises:
        LeafError: Another key, details that do not belong to this leaf, or not a JSON object.
    """
    if len(log_key) != LOG_KEY_BYTES:
        raise LeafError(f"a log key has {LOG_KEY_BYTES} bytes")
    nonce, sealed = leaf.details[:NONCE_BYTES], leaf.details[NONCE_BYTES:]
    try:
        plaintext = AESGCM(log_key).decrypt(nonce, sealed, leaf.associated_data)
    except InvalidTag as error:
        raise LeafError("the details do not open under this key for this leaf") from error
    try:
        details: object = json.loads(plaintext)
    except (ValueError, RecursionError) as error:
        raise LeafError(f"the details are not JSON: {error}") from error
    if not isinstance(details, dict):
        raise LeafError("the details are not a JSON object")
    return cast("dict[str, object]", details)


def _encode_parts(parts: Iterable[bytes]) -> bytes:
    """Return the parts, each after its length as 8 bytes: no two sequences share an encoding."""
    return b"".join([len(part).to_bytes(8) + part for part in parts])


def commit(salt: bytes, *parts: bytes) -> bytes:
    """Commit to a sequence of byte strings: SHA-256 over label, salt and parts, each with length.

    Whoever lacks the salt cannot try out guesses, so even small domains stay hidden.

    Raises:
        LeafError: The salt has fewer than 16 bytes.
    """
    if len(salt) < SALT_BYTES_MIN:
        raise LeafError(f"a salt has at least {SALT_BYTES_MIN} bytes")
    return sha256(_COMMIT_LABEL + _encode_parts((salt, *parts))).digest()


def blind(key: bytes, *parts: bytes) -> bytes:
    """Return a 16-byte partition key: HMAC-SHA-256 over the parts, cut in half.

    Raises:
        LeafError: The key has fewer than 16 bytes.
    """
    if len(key) < SALT_BYTES_MIN:
        raise LeafError(f"a blinding key has at least {SALT_BYTES_MIN} bytes")
    return hmac_digest(key, _BLIND_LABEL + _encode_parts(parts), "sha256")[:PARTITION_BYTES]


def merkle_root(ids: Iterable[bytes]) -> bytes:
    """Return the RFC 6962 root over object ids in the order given, for a bulk read's one leaf."""
    return Edge.EMPTY.extend(leaf_hashes(ids)).root()
