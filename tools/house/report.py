"""Applies the rules, takes waivers into account and compares their number with the ratchet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from house.model import Escape, Finding, Rule, Tree

__all__ = ["Report", "inspect_tree"]


@dataclass(frozen=True, slots=True)
class Report:
    """What is broken, and how many waivers were used per code."""

    findings: tuple[Finding, ...]
    used: Mapping[str, int]
    loose: Mapping[str, int]
    """Codes whose ratchet allows more waivers than are used, with the number used."""


def inspect_tree(tree: Tree, rules: Sequence[Rule], *, ratchet: Mapping[str, int]) -> Report:
    """Every finding that no waiver covers, and every waiver that is wrong itself.

    A waiver covers findings of its code on its own line, on the line below it, and, for findings
    about a whole file, anywhere in that file. `ratchet` gives the number allowed per code.
    """
    hard = {rule.code for rule in rules if rule.hard}
    known = {rule.code for rule in rules}
    escapes = [escape for source in tree for escape in source.escapes]
    findings: list[Finding] = []
    spent: set[Escape] = set()
    for rule in rules:
        for finding in rule.check(tree):
            waiver = None if rule.hard else _waiver_for(finding, escapes)
            if waiver is None:
                findings.append(finding)
            else:
                spent.add(waiver)
    for escape in escapes:
        sentence = _what_is_wrong(escape, known=known, hard=hard, spent=spent)
        if sentence:
            findings.append(Finding(escape.path, escape.line, "H000", sentence))
    used = Counter(escape.code for escape in spent)
    for code, count in sorted(used.items()):
        if count > ratchet.get(code, 0):
            sentence = (
                f"{count} waivers of {code}, and the ratchet allows {ratchet.get(code, 0)}. "
                "Remove one; loosening tools/house/ratchet.json needs a reviewer's consent."
            )
            findings.append(Finding("tools/house/ratchet.json", 0, "H000", sentence))
    loose = {code: used[code] for code in ratchet if used[code] < ratchet[code]}
    return Report(tuple(sorted(findings)), dict(used), loose)


def _waiver_for(finding: Finding, escapes: Sequence[Escape]) -> Escape | None:
    for escape in escapes:
        if escape.path != finding.path or escape.code != finding.code or not escape.reason:
            continue
        if finding.line == 0 or finding.line - escape.line in {0, 1}:
            return escape
    return None


def _what_is_wrong(
    escape: Escape, *, known: set[str], hard: set[str], spent: set[Escape]
) -> str | None:
    if escape.code not in known:
        return f"{escape.code} is no rule."
    if escape.code in hard:
        return f"{escape.code} cannot be waived."
    if not escape.reason:
        return f"A waiver of {escape.code} needs a reason behind it."
    if escape not in spent:
        return f"Nothing here breaks {escape.code}; remove the waiver."
    return None
