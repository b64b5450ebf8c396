"""A witness of transparency logs that anybody can run; no database, no service. See README.md."""

from evenhand.witness.accepted import AcceptedLogs
from evenhand.witness.cli import add_commands, main
from evenhand.witness.errors import WitnessError, WrongUseError
from evenhand.witness.keyfile import load_keys, make_keys
from evenhand.witness.state import WitnessState
from evenhand.witness.witness import Witness

__all__ = [
    "AcceptedLogs",
    "Witness",
    "WitnessError",
    "WitnessState",
    "WrongUseError",
    "add_commands",
    "load_keys",
    "main",
    "make_keys",
]
