"""The kinds of leaf that have a published meaning.

A verifier accepts a leaf of any kind and reports those that are not listed here: it has proved that
they are in the log, and cannot say what they mean. A room that starts to log something adds a line.
"""

from collections.abc import Mapping
from types import MappingProxyType

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "access.denied/1": "A permission was refused.",
        "answer.released/1": "The key of one annotator's answer was released, to score it.",
        "batch.imported/1": "A batch of items was taken in.",
        "code.issued/1": "A one-time code was issued to a member.",
        "export.created/1": "An export was made.",
        "gold.released/1": "The key of one gold answer was released.",
        "instructions.released/1": "The key of a project's instructions was released to a person.",
        "key.created/1": "An API key was made.",
        "key.revoked/1": "An API key was revoked.",
        "member.invited/1": "A person was invited into the workspace.",
        "member.removed/1": "A person was removed from the workspace.",
        "payload.bulk_released/1": "Many objects were released; their count and root are sealed.",
        "payload.released/1": "The key of one object was released to a person.",
        "result.released/1": "The key of an aggregated result was released.",
        "session.created/1": "A person signed in.",
        "wall.changed/1": "The facts or rules behind a wall changed; earlier verdicts are void.",
        "workspace.created/1": "The workspace was created.",
    }
)
"""Kind, and what its leaf says."""
