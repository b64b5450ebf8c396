"""The door of parties."""

from .actions import declare_party, declare_tie
from .model import TIE_KINDS, NewParty, PartyKind, PartyRole, TieKind
from .reading import list_parties, list_ties, render_party, render_tie

__all__ = [
    "TIE_KINDS",
    "NewParty",
    "PartyKind",
    "PartyRole",
    "TieKind",
    "declare_party",
    "declare_tie",
    "list_parties",
    "list_ties",
    "render_party",
    "render_tie",
]
