"""Ask the witnesses of the policy to cosign a checkpoint, and collect what they answer.

All are asked at once. Whoever asks waits until the quorum is reached (and a moment longer for the
others), or at most `wait_s`; slower ones go on in the background, so that they do not fall behind.
A witness that is away is left alone for a second, then two, four, … up to five minutes; one that
refuses a log is left alone for that log only.

A witness that says it is further than we are, or that our tree does not follow from what it has,
is asked for its checkpoint. If our log's own key signed it, the database was restored from an older
backup or somebody else has the key: nobody else can make such a checkpoint, so it is believed, and
the log is not signed any further (`LogForked`). Without it, the witness is only left alone.

How far a witness is, is remembered and else found out: it is asked from size zero and says in its
409 where it is, which is answered with the proof from there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from evenhand.platform.errors import Invalid
from evenhand.tlog import (
    POLICY_BYTES_MAX,
    SIZE_MEDIA_TYPE,
    AddCheckpoint,
    LogError,
    Policy,
    PolicyError,
    TileTree,
    is_quorum,
    open_checkpoint,
    open_cosignatures,
    open_note,
    parse_checkpoint,
    parse_note,
    parse_policy,
    parse_size,
    render_add_checkpoint,
    render_note,
)

from .calls import call, parse_address
from .model import LogForked, WitnessAway

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from evenhand.tlog import Checkpoint, ParsedNote, Verified, Verifier

    from .calls import Address, Reply

__all__ = ["Witnesses", "load_witness_policy"]

_LOG = logging.getLogger(__name__)
_ANSWER_WITHIN_S: Final = 5.0
_GRACE_S: Final = 0.1
_ROUNDS: Final = 3
_PAUSE_MIN_S: Final = 1.0
_PAUSE_MAX_S: Final = 300.0


def load_witness_policy(path: Path) -> Policy:
    """Read the policy whose witnesses this service asks: those that have an address.

    Raises:
        Invalid: it cannot be read, is malformed, or an address in it is; or the witnesses with
            an address are not enough for its quorum.
    """
    try:
        with path.open("rb") as file:
            policy = parse_policy(file.read(POLICY_BYTES_MAX + 1))
    except (OSError, PolicyError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise Invalid(
            f"The witness policy {path} cannot be used: {reason}.", code="witness_policy_refused"
        ) from error
    addressed = [witness for witness in policy.witnesses if witness.url is not None]
    for witness in addressed:
        parse_address(witness.url or "")
    if not is_quorum(policy, [witness.verifier for witness in addressed]):
        raise Invalid(
            f"The witness policy {path} cannot be used: the witnesses that have an address in it"
            " are no quorum.",
            code="witness_policy_refused",
        )
    return policy


@dataclass(slots=True)
class _Pause:
    """Failures in a row, and until when nothing is asked (on the stopwatch)."""

    failures: int = 0
    until_s: float = 0.0

    def lengthen(self, now_s: float) -> float:
        pause_s = min(_PAUSE_MAX_S, _PAUSE_MIN_S * 2**self.failures)
        self.failures = min(self.failures + 1, 30)
        self.until_s = now_s + pause_s
        return pause_s


class _Refused(Exception):
    """The witness is there and does not cosign this checkpoint."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One checkpoint that is to be cosigned; proofs are made one after another, each once."""

    checkpoint: Checkpoint
    parsed: ParsedNote
    note: bytes
    log: Verifier
    tree: Callable[[], TileTree]
    lock: asyncio.Lock
    proofs: dict[int, tuple[bytes, ...]]

    async def proof(self, old_size: int) -> tuple[bytes, ...]:
        """Read from the tree's files, which are durable before anybody is asked."""
        new_size = self.checkpoint.size
        if old_size in {0, new_size}:
            return ()
        async with self.lock:
            if old_size not in self.proofs:
                self.proofs[old_size] = await asyncio.to_thread(
                    lambda: self.tree().consistency_proof(old_size=old_size, new_size=new_size)
                )
            return self.proofs[old_size]

    async def follows(self, other: Checkpoint) -> bool:
        """Whether another checkpoint of the log, no greater than this one, is a part of it."""
        async with self.lock:
            return await asyncio.to_thread(lambda: self.tree().root(other.size)) == other.root


@dataclass(frozen=True, slots=True)
class _Foreign:
    """A checkpoint that the log's key signed and that this service did not publish."""

    url: str
    checkpoint: Checkpoint
    split: bool


class Witnesses:
    """The witnesses of one policy, for all logs of a process. `close` it at the end."""

    def __init__(
        self,
        policy: Policy,
        *,
        wait_s: float,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._wait_s = wait_s
        self._stopwatch = stopwatch
        self._at: dict[Address, list[Verifier]] = {}
        for witness in policy.witnesses:
            if witness.url is not None:
                self._at.setdefault(parse_address(witness.url), []).append(witness.verifier)
        self._away: dict[Address, _Pause] = {}
        self._refusing: dict[tuple[Address, str], _Pause] = {}
        self._sizes: dict[tuple[Address, str], int] = {}
        self._foreign: dict[str, _Foreign] = {}
        self._busy: dict[tuple[Address, str], asyncio.Task[tuple[Verified, ...]]] = {}

    async def close(self) -> None:
        """Stop asking."""
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def is_enough(self, note: bytes) -> bool:
        """Whether a checkpoint of our own carries the cosignatures of the quorum.

        Raises:
            LogError: it is no checkpoint, or a witness's line in it does not verify.
        """
        return is_quorum(self._policy, [one.verifier for one in self._present(note)])

    def is_due(self, origin: str) -> bool:
        """Whether any witness can be asked about a log now."""
        return any(self._can_ask(address, origin) for address in self._at)

    async def cosign(
        self,
        note: bytes,
        tree: Callable[[], TileTree],
        *,
        log: Verifier,
        everybody: bool = False,
    ) -> bytes:
        """Gives a checkpoint of our own with the cosignatures that came in time under it.

        `tree` reads the published tree, which must reach the checkpoint's size. With `everybody`
        those are asked too who have cosigned it: they tell whether it is still their newest.

        Raises:
            LogForked: a witness has a checkpoint that `log` signed and that is not a part of ours.
        """
        parsed = parse_note(note)
        checkpoint = parse_checkpoint(parsed.text)
        asked = _Asked(checkpoint, parsed, note, log, tree, asyncio.Lock(), {})
        have = {one.verifier: one for one in self._present(note)}
        tasks = self._start(asked, {} if everybody else have)
        found = await self._gather(tasks, have, everybody=everybody)
        self._check_not_forked(checkpoint)
        lines = [one.signature for key, one in found.items() if key not in have]
        if not lines:
            return note
        return render_note(text=parsed.text, signatures=[*parsed.signatures, *lines])

    def _check_not_forked(self, ours: Checkpoint) -> None:
        foreign = self._foreign.get(ours.origin)
        if foreign is None:
            return
        if foreign.split:
            raise LogForked(
                f"Witness {foreign.url} has another history of {ours.origin}, of"
                f" {foreign.checkpoint.size} entries and signed by the log's own key: the database"
                " went on from an older backup, or somebody else has the key. Nothing more is"
                " signed."
            )
        if foreign.checkpoint.size > ours.size:
            raise LogForked(
                f"Witness {foreign.url} has a checkpoint of {ours.origin} with"
                f" {foreign.checkpoint.size} entries, the database {ours.size}: it was restored"
                " from an older backup. Recover the tail before serving."
            )
        del self._foreign[ours.origin]

    def _present(self, note: bytes) -> Sequence[Verified]:
        lines = {(line.name, line.key_id) for line in parse_note(note).signatures}
        keys = [key for key in self._policy.verifiers if (key.name, key.key_id) in lines]
        return open_note(note, verifiers=keys).verified if keys else ()

    def _start(
        self, asked: _Asked, have: Mapping[Verifier, Verified]
    ) -> set[asyncio.Task[tuple[Verified, ...]]]:
        """Ask everybody who can be asked and has not cosigned yet."""
        origin = asked.checkpoint.origin
        started: set[asyncio.Task[tuple[Verified, ...]]] = set()
        for address, keys in self._at.items():
            if all(key in have for key in keys) or not self._can_ask(address, origin):
                continue
            task = asyncio.create_task(self._ask(address, asked), name=f"witness {address.url}")
            self._busy[address, origin] = task
            task.add_done_callback(lambda _, key=(address, origin): self._busy.pop(key, None))
            started.add(task)
        return started

    def _can_ask(self, address: Address, origin: str) -> bool:
        pauses = (self._away.get(address), self._refusing.get((address, origin)))
        now_s = self._stopwatch()
        paused = any(pause is not None and now_s < pause.until_s for pause in pauses)
        return not paused and (address, origin) not in self._busy

    async def _gather(
        self,
        tasks: set[asyncio.Task[tuple[Verified, ...]]],
        have: dict[Verifier, Verified],
        *,
        everybody: bool,
    ) -> dict[Verifier, Verified]:
        """What came until the quorum and the grace were over, or the time was up."""
        found = dict(have)
        end_s = self._stopwatch() + self._wait_s
        waiting, graceful = tasks, everybody
        while waiting and (left_s := end_s - self._stopwatch()) > 0:
            done, waiting = await asyncio.wait(
                waiting, timeout=left_s, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                found |= {one.verifier: one for one in task.result()}
            if not graceful and is_quorum(self._policy, list(found)):
                graceful, end_s = True, min(end_s, self._stopwatch() + _GRACE_S)
        return found

    async def _ask(self, address: Address, asked: _Asked) -> tuple[Verified, ...]:
        """One witness's cosignatures; none, with a logged reason, where it gave none."""
        key = (address, asked.checkpoint.origin)
        try:
            found = await self._converse(address, asked)
        except WitnessAway as error:
            pause = self._away.setdefault(address, _Pause())
            self._report(address, asked, error.detail, pause)
        except (_Refused, LogError, OSError) as error:
            pause = self._refusing.setdefault(key, _Pause())
            self._report(address, asked, str(error), pause)
        else:
            self._away.pop(address, None)
            self._sizes[key] = asked.checkpoint.size
            given = {one.verifier for one in found}
            if missing := [name for name in self._at[address] if name not in given]:
                pause = self._refusing.setdefault(key, _Pause())
                self._report(address, asked, f"no cosignature by {missing[0].vkey[:80]}", pause)
            else:
                self._refusing.pop(key, None)
            return found
        return ()

    def _report(self, address: Address, asked: _Asked, reason: str, pause: _Pause) -> None:
        pause_s = pause.lengthen(self._stopwatch())
        _LOG.warning(
            "witness %s did not cosign size %d of %s: %s; asked again after %g s",
            address.url,
            asked.checkpoint.size,
            asked.checkpoint.origin,
            "".join(c if c.isprintable() else "?" for c in reason),
            pause_s,
        )

    async def _converse(self, address: Address, asked: _Asked) -> tuple[Verified, ...]:
        key, new_size = (address, asked.checkpoint.origin), asked.checkpoint.size
        old_size = min(self._sizes.get(key, 0), new_size)
        for _ in range(_ROUNDS):
            request = AddCheckpoint(old_size, await asked.proof(old_size), asked.note)
            reply = await call(
                address,
                "POST",
                "/add-checkpoint",
                render_add_checkpoint(request),
                within_s=_ANSWER_WITHIN_S,
            )
            if reply.status == HTTPStatus.OK:
                return open_cosignatures(
                    reply.body, text=asked.parsed.text, witnesses=self._at[address]
                )
            if reply.status == HTTPStatus.UNPROCESSABLE_ENTITY:
                await self._look_at_theirs(address, asked)
            if reply.status != HTTPStatus.CONFLICT:
                raise _refusal(reply)
            if reply.media_type != SIZE_MEDIA_TYPE:
                raise WitnessAway(f"its 409 says {reply.media_type or 'nothing'}, not a size")
            self._sizes[key] = old_size = parse_size(reply.body)
            if old_size > new_size:
                await self._look_at_theirs(address, asked)
                raise _Refused(f"it is ahead, at size {old_size}")
        raise _Refused("it moved on between each of its answers")

    async def _look_at_theirs(self, address: Address, asked: _Asked) -> None:
        """Ask for the witness's checkpoint, and remember it if it proves that the log is forked.

        A number alone is not believed: one witness could stop a log with it.
        """
        origin = asked.checkpoint.origin
        path = f"/{sha256(origin.encode()).hexdigest()}/checkpoint"
        reply = await call(address, "GET", path, within_s=_ANSWER_WITHIN_S)
        if reply.status != HTTPStatus.OK:
            return
        theirs = open_checkpoint(reply.body, log=asked.log).checkpoint
        split = theirs.size <= asked.checkpoint.size and not await asked.follows(theirs)
        if split or theirs.size > asked.checkpoint.size:
            self._foreign[origin] = _Foreign(address.url, theirs, split)


def _refusal(reply: Reply) -> Exception:
    """What a status other than 200 and 409 means for us."""
    said = reply.body[:200].decode(errors="replace").strip()
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.status in {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }:
        return WitnessAway(f"status {reply.status}, {said}")
    if reply.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return _Refused(f"it holds another history of this log: the log was split ({said})")
    return _Refused(f"status {reply.status}, {said}")
