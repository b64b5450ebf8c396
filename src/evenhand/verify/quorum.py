"""What a policy (C2SP tlog-policy) adds to a verification: known logs, a quorum of witnesses."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from evenhand.tlog import (
    POLICY_BYTES_MAX,
    QUORUM_NONE,
    LogError,
    Policy,
    PolicyError,
    QuorumError,
    SignedCheckpoint,
    Verifier,
    check_quorum,
    open_checkpoint,
    parse_policy,
)
from evenhand.verify.errors import UnreachableError, VerificationError, WrongUseError
from evenhand.verify.files import read_file

_YEAR_10000_S = 253_402_300_800


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        UnreachableError: It cannot be read.
        WrongUseError: It is malformed; the message names the line.
    """
    data = read_file(path, bytes_max=POLICY_BYTES_MAX)
    if data is None:
        raise UnreachableError(f"{path} does not exist")
    try:
        return parse_policy(data)
    except PolicyError as error:
        raise WrongUseError(f"{path}, {error}") from error


def accepted_keys(
    policy: Policy | None, *, origin: str, given: Verifier | None
) -> tuple[Verifier, ...]:
    """Return the keys under which the log of this origin may sign: the one that was given, else
    those of the policy. Empty where neither knows one.

    Raises:
        VerificationError: The policy lists logs, and the given key is not among them.
    """
    if given is None:
        return () if policy is None else policy.logs_of(origin)
    if policy is not None and policy.logs and all(log.verifier != given for log in policy.logs):
        raise VerificationError(f"the policy does not list the log's key {given.vkey}")
    return (given,)


def open_under_policy(
    note: bytes, *, keys: Sequence[Verifier], policy: Policy | None
) -> tuple[Verifier, SignedCheckpoint]:
    """Open a checkpoint under the first of the keys that has signed it, and check the quorum.

    Raises:
        VerificationError: None of the keys has, or the quorum is not reached.
    """
    witnesses = () if policy is None else policy.verifiers
    refusal: LogError | None = None
    for key in keys:
        try:
            signed = open_checkpoint(note, log=key, witnesses=witnesses)
        except LogError as error:
            refusal = error
            continue
        try:
            if policy is not None:
                check_quorum(policy, signed.cosignatures)
        except QuorumError as error:
            raise VerificationError(f"checkpoint: {error}") from error
        return key, signed
    raise VerificationError(f"checkpoint: {refusal}") from refusal


def cosigned_by(policy: Policy | None, signed: SignedCheckpoint) -> tuple[str, ...]:
    """Say which witnesses of the policy have cosigned, and when."""
    if policy is None:
        return ()
    times = {one.verifier: one.time_s or 0 for one in signed.cosignatures}
    return tuple(
        f"{witness.verifier.name} at {_instant(times[witness.verifier])}"
        for witness in policy.witnesses
        if witness.verifier in times
    )


def quorum_proved(policy: Policy | None) -> str | None:
    """The sentence for people, where a quorum of witnesses was demanded and reached."""
    if policy is None or policy.quorum == QUORUM_NONE:
        return None
    return "the quorum of the policy has cosigned the checkpoint"


def _instant(time_s: int) -> str:
    if time_s >= _YEAR_10000_S:
        return f"POSIX time {time_s}"
    return datetime.fromtimestamp(time_s, UTC).isoformat()
