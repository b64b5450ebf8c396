"""Time-based one-time passwords (RFC 6238) over HMAC-SHA-1 (RFC 4226). Pure.

Six digits, steps of 30 seconds from the epoch, and one step before and after the present one
(RFC 6238 section 5.2). That a step is accepted once is the caller's to keep.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final
from urllib.parse import quote

__all__ = ["SECRET_BYTES", "STEP_S", "code_at", "find_step", "render_secret_text", "render_uri"]

STEP_S: Final = 30
SECRET_BYTES: Final = 20
"""RFC 4226 section 4, R6: 160 bits."""
_DIGITS: Final = 6
_DRIFT_STEPS: Final = 1


def code_at(secret: bytes, step: int, *, digits: int = _DIGITS) -> str:
    """The code of one time step (RFC 4226 section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"


def find_step(secret: bytes, code: str, *, now_s: float) -> int | None:
    """The time step whose code this is, or None. Spaces do not count."""
    typed = "".join(code.split())
    if len(typed) != _DIGITS or not typed.isascii() or not typed.isdigit():
        return None
    present = int(now_s) // STEP_S
    found: int | None = None
    # All are compared, so that time tells nothing about which one it was.
    for step in range(present - _DRIFT_STEPS, present + _DRIFT_STEPS + 1):
        if step >= 0 and hmac.compare_digest(code_at(secret, step), typed):
            found = step
    return found


def render_secret_text(secret: bytes) -> str:
    """For typing into an authenticator: base32 in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def render_uri(secret: bytes, *, account: str, issuer: str) -> str:
    """The `otpauth:` address that authenticators read."""
    text = base64.b32encode(secret).decode().rstrip("=")
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return (
        f"otpauth://totp/{label}?secret={text}&issuer={quote(issuer, safe='')}&digits=6&period=30"
    )
