"""Verifying a log and copying it."""

from dataclasses import dataclass
from pathlib import Path

from evenhand.receipts import KINDS
from evenhand.tlog import (
    Checkpoint,
    LogError,
    Policy,
    ProofError,
    SignedCheckpoint,
    TileError,
    TilePath,
    Verifier,
    open_checkpoint,
    unsafe_read_checkpoint,
)
from evenhand.verify.errors import VerificationError, WrongUseError
from evenhand.verify.files import replace_file
from evenhand.verify.quorum import (
    accepted_keys,
    cosigned_by,
    open_under_policy,
    quorum_proved,
)
from evenhand.verify.sources import CHECKPOINT, FolderSource, Source, read_checkpoint
from evenhand.verify.state import State, load_state, save_state
from evenhand.verify.walk import Progress, Walk
from evenhand.verify.web import WebSource


@dataclass(frozen=True, slots=True)
class LogReport:
    """What a verification found.

    Shapes:
        previous_size: Size of the last checkpoint seen, to which this one is consistent; or None.
        kinds: Kind of leaf to number of leaves.
        cosigned: Witnesses of the policy that have cosigned, each with its time.
        proved, not_proved: Sentences for people.
    """

    origin: str
    vkey: str
    size: int
    root: bytes
    cosigned: tuple[str, ...]
    previous_size: int | None
    kinds: dict[str, int]
    tiles: int
    bundles: int
    proved: tuple[str, ...]
    not_proved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a copy holds; ``fetched`` counts the files that were not there before."""

    origin: str
    size: int
    root: bytes
    fetched: int
    present: int
    signature_verified: bool


def open_source(source: str, *, api_key: str | None = None) -> Source:
    """Return the folder or the web address that a user named.

    Raises:
        WrongUseError: It is written like an address, but is not an http or https one.
    """
    if "://" in source:
        return WebSource(source, api_key=api_key)
    return FolderSource(Path(source))


def _no_progress(done: int, total: int) -> None:
    del done, total


def _ignore(path: TilePath, data: bytes) -> None:
    del path, data


def verify_log(
    source: str,
    log: Verifier | None = None,
    *,
    state_file: Path | None = None,
    policy: Policy | None = None,
    api_key: str | None = None,
    progress: Progress = _no_progress,
) -> LogReport:
    """Verify a whole log against its key, and against the quorum of a policy if there is one.

    The key comes from the caller, the state file or the policy, never from the source. The state
    file is replaced only when everything has been proved.

    Raises:
        VerificationError: The log is refused; the message names the place.
        WrongUseError: Neither ``log`` nor a state file nor the policy gives a key.
        UnreachableError: Source or state file cannot be read or written.
    """
    state = load_state(state_file) if state_file is not None else None
    given = state.log if state is not None else log
    if given is None and (policy is None or not policy.logs):
        raise WrongUseError(
            "give the log's key with --key, a --state file that knows it, or a --policy that lists"
            " the log"
        )
    if state is not None and log not in {None, state.log}:
        raise VerificationError(f"the state file belongs to another key, {state.log.vkey}")
    opened = open_source(source, api_key=api_key)
    note = read_checkpoint(opened)
    known, signed = _open(note, given=given, policy=policy)
    walk = Walk(opened, signed.checkpoint, on_verified=_ignore)
    if state is not None:
        _check_extends(walk, state.signed.checkpoint, what="the last checkpoint seen")
    walk.run(parse_leaves=True, progress=progress)
    report = _report(walk, signed=signed, log=known, state=state, policy=policy)
    if state_file is not None:
        save_state(state_file, State(log=known, signed=signed))
    return report


def _open(
    note: bytes, *, given: Verifier | None, policy: Policy | None
) -> tuple[Verifier, SignedCheckpoint]:
    try:
        origin = unsafe_read_checkpoint(note).origin
    except LogError as error:
        raise VerificationError(f"checkpoint: {error}") from error
    keys = accepted_keys(policy, origin=origin, given=given)
    if not keys:
        raise VerificationError(f"checkpoint: the policy lists no log {origin!r}")
    return open_under_policy(note, keys=keys, policy=policy)


def _check_extends(walk: Walk, old: Checkpoint, *, what: str) -> None:
    new = walk.checkpoint
    if new.origin != old.origin:
        raise VerificationError(
            f"checkpoint, line 1: {new.origin!r}, but {what} has {old.origin!r}"
        )
    if new.size < old.size:
        raise VerificationError(
            f"checkpoint, line 2: the log has shrunk: size {new.size}, but {what} has {old.size}"
        )
    try:
        root = walk.tree.root(old.size)
    except (ProofError, TileError) as error:
        raise VerificationError(str(error)) from error
    if root != old.root:
        raise VerificationError(
            f"checkpoint, line 3: the log is forked: its first {old.size} entries are not those of "
            f"{what}; keep both signed checkpoints, together they are the proof"
        )


def _report(
    walk: Walk,
    *,
    signed: SignedCheckpoint,
    log: Verifier,
    state: State | None,
    policy: Policy | None,
) -> LogReport:
    checkpoint = signed.checkpoint
    size = checkpoint.size
    proved = [
        f"the checkpoint is signed by {log.vkey}",
        f"{walk.tiles} tiles and {walk.bundles} bundles hash to the signed root of size {size}",
        f"each of the {size} entries is a well-formed leaf",
    ]
    not_proved = ["that nothing happened which was not logged"]
    if (cosigned := quorum_proved(policy)) is not None:
        proved.append(cosigned)
    else:
        not_proved.append("that the log shows this history to everyone: no quorum was asked for")
    if state is None:
        not_proved.append("consistency with an earlier checkpoint: none was known")
    else:
        old = state.signed.checkpoint
        proved.append(f"the log extends the last checkpoint seen, of size {old.size}")
    if unknown := {kind: n for kind, n in sorted(walk.kinds.items()) if kind not in KINDS}:
        listed = ", ".join(f"{kind} ({n})" for kind, n in unknown.items())
        not_proved.append(f"what leaves of kinds unknown to this program mean: {listed}")
    if size:
        not_proved.append("what the sealed details say: they open only under the log key")
    if signed.unknown:
        names = ", ".join(sorted({signature.name for signature in signed.unknown}))
        not_proved.append(f"signatures of keys that were not given: {names}")
    if isinstance(walk.source, FolderSource) and (
        stray := list(walk.source.stray_files(size=size))
    ):
        not_proved.append(f"{len(stray)} files outside this checkpoint, the first {stray[0]}")
    return LogReport(
        origin=checkpoint.origin,
        vkey=log.vkey,
        size=size,
        root=checkpoint.root,
        cosigned=cosigned_by(policy, signed),
        previous_size=None if state is None else state.signed.checkpoint.size,
        kinds=dict(sorted(walk.kinds.items())),
        tiles=walk.tiles,
        bundles=walk.bundles,
        proved=tuple(proved),
        not_proved=tuple(not_proved),
    )


@dataclass(slots=True)
class _Copying:
    """Reads what the copy already has from the copy, and the rest from the original."""

    original: Source
    copy: FolderSource
    fetched: int = 0
    present: int = 0

    @property
    def readers(self) -> int:
        return self.original.readers

    def find(self, path: str, *, bytes_max: int) -> bytes | None:
        found = self.copy.find(path, bytes_max=bytes_max)
        return self.original.find(path, bytes_max=bytes_max) if found is None else found

    def partial_widths(self, path: TilePath) -> tuple[int, ...]:
        del path
        return ()

    def keep(self, path: TilePath, data: bytes) -> None:
        file = self.copy.folder / str(path)
        if file.exists():
            self.present += 1
            return
        replace_file(file, data)
        self.fetched += 1


def pull_log(
    source: str,
    out_dir: Path,
    *,
    log: Verifier | None = None,
    api_key: str | None = None,
    progress: Progress = _no_progress,
) -> PullReport:
    """Copy a log into a folder; what is already there is not fetched again.

    Each file is verified against the checkpoint's root before it is kept, and the checkpoint is
    written last: a folder with a checkpoint is complete. Without ``log`` the files fit together,
    but nobody vouches for them.

    Raises:
        VerificationError: Original or copy is not what the checkpoint commits to, or the copy is
            of another history.
        UnreachableError: Something cannot be read or written.
    """
    copying = _Copying(original=open_source(source, api_key=api_key), copy=FolderSource(out_dir))
    note = read_checkpoint(copying.original)
    try:
        if log is None:
            checkpoint = unsafe_read_checkpoint(note)
        else:
            checkpoint = open_checkpoint(note, log=log).checkpoint
    except LogError as error:
        raise VerificationError(f"checkpoint: {error}") from error
    before = copying.copy.find(CHECKPOINT, bytes_max=len(note) + 1_000_000)
    if before is not None:
        try:
            earlier = unsafe_read_checkpoint(before)
        except LogError as error:
            raise VerificationError(f"checkpoint in {out_dir}: {error}") from error
        # From the original alone, and before anything is written: histories are never mixed.
        original = Walk(copying.original, checkpoint, on_verified=_ignore)
        _check_extends(original, earlier, what=f"the copy in {out_dir}")
    try:
        walk = Walk(copying, checkpoint, on_verified=copying.keep)
        walk.run(parse_leaves=False, progress=progress)
    except VerificationError as error:
        raise VerificationError(
            f"{error} (if the file is already in {out_dir}, delete it there and pull again)"
        ) from error
    replace_file(out_dir / CHECKPOINT, note)
    return PullReport(
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root,
        fetched=copying.fetched,
        present=copying.present,
        signature_verified=log is not None,
    )
