"""The two scalar encodings that every C2SP log format shares.

Both are read strictly: one value has exactly one spelling, so that no bytes of a note or proof can
be changed without changing its meaning.
"""

import base64
import binascii
import re

SIZE_MAX = 2**63 - 1
"""The greatest tree size; foreign programs hold sizes in a signed 64-bit integer."""

_DECIMAL = re.compile("0|[1-9][0-9]{0,18}")


def render_base64(data: bytes) -> str:
    """Return the standard, padded Base 64 of RFC 4648 section 4."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def parse_base64(text: str) -> bytes:
    """Read standard, padded Base 64.

    Raises:
        ValueError: A character outside the alphabet, wrong padding, or padding bits that are not
            zero (RFC 4648 section 3.5 lets a decoder refuse these).

    """
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError("not standard base64") from error
    if render_base64(data) != text:
        raise ValueError("not canonical base64")
    return data


def parse_decimal(text: str) -> int:
    """Read an ASCII decimal without leading zeroes, from 0 to ``SIZE_MAX``.

    Raises:
        ValueError: Any other spelling, or a number that is too large.

    """
    if _DECIMAL.fullmatch(text) is None or (value := int(text)) > SIZE_MAX:
        raise ValueError("not a decimal number without leading zeroes below 2^63")
    return value
