"""What a verifier remembers between two runs: the key, and the last checkpoint that it proved.

The checkpoint is kept as it was signed. If the log ever shows another history, the two signed notes
together prove it to anyone.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from evenhand.tlog import SignedCheckpoint, Verifier, open_checkpoint, parse_vkey
from evenhand.verify.errors import UnreachableError
from evenhand.verify.files import read_file, replace_file

_VERSION = 1
_BYTES_MAX = 4_000_000


@dataclass(frozen=True, slots=True)
class State:
    """The log's key and the last verified checkpoint."""

    log: Verifier
    signed: SignedCheckpoint


def load_state(path: Path) -> State | None:
    """Read a state file; None if there is none yet.

    Raises:
        UnreachableError: The file cannot be read or is damaged. It is never silently replaced,
            since that would forget the history which it vouches for.
    """
    data = read_file(path, bytes_max=_BYTES_MAX)
    if data is None:
        return None
    try:
        found: object = json.loads(data)
        vkey, note = _fields(found)
        log = parse_vkey(vkey)
        signed = open_checkpoint(note.encode(), log=log)
    except (ValueError, RecursionError) as error:
        raise UnreachableError(f"{path} is not a usable state file: {error}") from error
    return State(log=log, signed=signed)


def _fields(found: object) -> tuple[str, str]:
    fields = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    vkey, note = fields.get("vkey"), fields.get("checkpoint")
    if fields != {"v": _VERSION, "vkey": vkey, "checkpoint": note}:
        raise ValueError("it has not exactly the keys v (1), vkey and checkpoint")
    return str(vkey), str(note)


def save_state(path: Path, state: State) -> None:
    """Replace the state file.

    Raises:
        UnreachableError: It cannot be written.
    """
    fields = {
        "v": _VERSION,
        "vkey": state.log.vkey,
        "checkpoint": state.signed.note.decode(),
    }
    replace_file(path, json.dumps(fields, indent=2).encode() + b"\n")
