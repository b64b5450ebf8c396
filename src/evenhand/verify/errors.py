"""The three ways in which a verification does not succeed; the command's exit code follows them."""


class VerificationError(Exception):
    """The log or receipt was read and is refused; the message names the place (exit code 1)."""


class WrongUseError(Exception):
    """There is no key to verify with, or the source is not one that can be named (exit code 2)."""


class UnreachableError(Exception):
    """Something could not be read or written, so nothing is proved either way (exit code 3)."""
