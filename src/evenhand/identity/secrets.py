"""The form of a credential's secret: `<kind>_<workspace>_<256 random bits>`. Pure.

The workspace stands in it so that the service can open the right tenant before it looks anything
up; a wrong one finds nothing. Only SHA-256 of the whole is stored: 256 random bits need no salt and
no slow hash.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from uuid import UUID

__all__ = ["SECRET_KINDS", "hash_secret", "parse_secret", "render_secret"]

SECRET_KINDS = ("live", "test", "session", "code")
_RANDOM_CHARS = 43


def render_secret(kind: str, workspace: UUID, random_text: str) -> str:
    """The secret's text."""
    name = base64.urlsafe_b64encode(workspace.bytes).rstrip(b"=").decode("ascii")
    return f"{kind}_{name}{random_text}"


def parse_secret(text: str) -> tuple[str, UUID] | None:
    """Kind and workspace, or None when it cannot be one of ours."""
    kind, _, rest = text.partition("_")
    if kind not in SECRET_KINDS or len(rest) != 22 + _RANDOM_CHARS or not rest.isascii():
        return None
    try:
        return kind, UUID(bytes=base64.urlsafe_b64decode(rest[:22] + "=="))
    except (ValueError, binascii.Error):
        return None


def hash_secret(text: str) -> bytes:
    """What is stored and looked up."""
    return hashlib.sha256(text.encode("utf-8")).digest()
