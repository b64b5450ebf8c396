"""What a log that does not hold raises.

Every error is a ``LogError``; its message names the place (line, path or index) and can be shown
to a person, once control characters are escaped.
"""


class LogError(ValueError):
    """Bytes, a proof or a signature of a log are not what they must be."""


class NoteError(LogError):
    """A signed note or a verifier key is malformed, or a signature does not verify."""


class CheckpointError(LogError):
    """A checkpoint's text is malformed or speaks of another log."""


class ProofError(LogError):
    """An inclusion or consistency proof is malformed or does not hold."""


class TileError(LogError):
    """A tile, an entry bundle or one of their paths is malformed or contradicts the tree."""


class RightEdgeError(TileError):
    """The partial tiles at the right edge do not hash to the root of the tree."""


class PolicyError(LogError):
    """A policy's text is malformed; the message names the line."""


class QuorumError(LogError):
    """A checkpoint lacks cosignatures that the policy demands; the message names which."""
