"""The auditor's offline verifier; needs neither a database nor a server of ours. See README.md."""

from evenhand.verify.cli import add_commands, main
from evenhand.verify.errors import UnreachableError, VerificationError, WrongUseError
from evenhand.verify.log import LogReport, PullReport, pull_log, verify_log
from evenhand.verify.quorum import load_policy
from evenhand.verify.receipt import ReceiptReport, find_known_key, verify_receipt

__all__ = [
    "LogReport",
    "PullReport",
    "ReceiptReport",
    "UnreachableError",
    "VerificationError",
    "WrongUseError",
    "add_commands",
    "find_known_key",
    "load_policy",
    "main",
    "pull_log",
    "verify_log",
    "verify_receipt",
]
