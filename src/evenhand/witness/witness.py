"""The witness's decision: one at a time for each log, durable before it is answered.

What is durable when, for one request:
  1. the form, the log and its signature are checked; nothing has changed;
  2. under the log's lock the growth is checked against what was cosigned last;
  3. the cosignature is made, and the checkpoint with it is written durably; a crash here may leave
     it on the disk, and nobody has it;
  4. it is answered. Whatever is asked next is compared with this checkpoint.
Steps 2 and 3 run to their end in a task of their own, even if who asked has gone away: a lock that
was given back while a file is still being written would let an older checkpoint win.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from evenhand.tlog import (
    AddCheckpoint,
    Cosigner,
    Refusal,
    Submission,
    WitnessRefusal,
    check_growth,
    open_submission,
    parse_add_checkpoint,
    render_note,
)
from evenhand.witness.accepted import AcceptedLogs
from evenhand.witness.errors import WitnessError
from evenhand.witness.state import Cosigned, WitnessState, hash_of_origin

_LOG = logging.getLogger(__name__)


class Witness:
    """Cosigns for the accepted logs. ``now_s`` gives the POSIX time in seconds."""

    def __init__(
        self,
        *,
        keys: Sequence[Cosigner],
        logs: AcceptedLogs,
        state: WitnessState,
        now_s: Callable[[], int],
    ) -> None:
        self._keys = keys
        self._logs = logs
        self._state = state
        self._now_s = now_s
        self._locks: dict[str, asyncio.Lock] = {}
        self._running: set[asyncio.Task[bytes]] = set()

    async def add_checkpoint(self, body: bytes) -> bytes:
        """Answer a request ``add-checkpoint``: our signature lines.

        Raises:
            WitnessRefusal: As tlog-witness says.
            WitnessError: The state cannot be written, so nothing is signed.
        """
        request = parse_add_checkpoint(body)
        submission = open_submission(request, logs=self._logs.current())
        task = asyncio.create_task(self._decide(request, submission))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    def checkpoint(self, name: str) -> bytes | None:
        """The last cosigned checkpoint of the log whose origin has this hash, if any."""
        last = self._state.last(name)
        return None if last is None else last.note

    async def finish(self) -> None:
        """Wait until nothing is being decided any more."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _decide(self, request: AddCheckpoint, submission: Submission) -> bytes:
        name = hash_of_origin(submission.checkpoint.origin)
        # Only accepted logs come here, so the locks are as many as those at most.
        async with self._locks.setdefault(name, asyncio.Lock()):
            last = self._state.last(name)
            seen = None if last is None else last.checkpoint
            try:
                check_growth(request, new=submission.checkpoint, seen=seen)
            except WitnessRefusal as refusal:
                if refusal.refusal is Refusal.INCONSISTENT:
                    await self._keep_evidence(name, submission, refusal)
                raise
            time_s = self._now_s()
            lines = [key.cosign(submission.text, time_s=time_s) for key in self._keys]
            note = render_note(text=submission.text, signatures=[*submission.signatures, *lines])
            cosigned = Cosigned(submission.checkpoint, note)
            try:
                await asyncio.to_thread(self._state.keep, name, cosigned)
            except OSError as error:
                raise WitnessError(f"the state cannot be written: {error.strerror}") from error
            return "".join(line.render() for line in lines).encode()

    async def _keep_evidence(
        self, name: str, submission: Submission, refusal: WitnessRefusal
    ) -> None:
        """The log signed what does not follow from what we saw: the proof of it is kept.

        Two roots of one size contradict each other for everybody. A greater tree without a proof
        may only have been sent with a wrong one, by anybody who has read it.
        """
        last, new = self._state.last(name), submission.checkpoint
        seen = None if last is None else last.checkpoint
        forked = seen is not None and seen.size == new.size and seen.root != new.root
        what = "contradiction" if forked else "unproved"
        _LOG.error("%s: %s of size %d: %s", new.origin, what, new.size, refusal)
        note = render_note(text=submission.text, signatures=submission.signatures)
        try:
            await asyncio.to_thread(
                self._state.keep_evidence, name, what=what, submitted=Cosigned(new, note)
            )
        except OSError as error:
            _LOG.error("the evidence cannot be kept: %s", error.strerror)
