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
        "draft.released/1": "The key of a draft was released to the annotator who wrote it.",
        "details.released/1": "The details of some entries were opened; count and root are sealed.",
        "export.created/1": "An export was made.",
        "gold.released/1": "The key of one gold answer was released.",
        "instructions.released/1": "The key of a project's instructions was released to a person.",
        "invitation.revoked/1": "An invitation was revoked before anybody used it.",
        "judgment.withdrawn/1": "An annotator took an answer back.",
        "key.created/1": "An API key was made.",
        "key.revoked/1": "An API key was revoked.",
        "member.invited/1": "A person was invited into the workspace.",
        "member.removed/1": "A person was removed from the workspace.",
        "member.role_changed/1": "A member was given another role; the old one's keys ended.",
        "password.changed/1": "A member's password was set; its earlier sessions ended.",
        "payload.bulk_released/1": "Many objects were released; their count and root are sealed.",
        "payload.released/1": "The key of one object was released to a person.",
        "recovery_code.used/1": "A recovery code stood in for a second factor.",
        "recovery_codes.made/1": "A member was given new recovery codes.",
        "result.released/1": "The key of an aggregated result was released.",
        "second_factor.enabled/1": "A member set up a second factor.",
        "second_factor.removed/1": "A member's second factor was removed.",
        "session.created/1": "A person signed in.",
        "session.ended/1": "A session ended.",
        "sign_in.refused/1": "A wrong password was tried for a member.",
        "wall.changed/1": "The facts or rules behind a wall changed; earlier verdicts are void.",
        "workspace.created/1": "The workspace was created.",
    }
)
"""Kind, and what its leaf says."""
