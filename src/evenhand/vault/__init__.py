"""The vault's door: seal for anybody, open for nobody (`opening` is imported by access alone)."""

from .hosted import HostedKeyHolder
from .keyring import Keyring, Sealer
from .model import KeyHolder, KeyHolderStatus, KeyUnavailable

__all__ = [
    "HostedKeyHolder",
    "KeyHolder",
    "KeyHolderStatus",
    "KeyUnavailable",
    "Keyring",
    "Sealer",
]
