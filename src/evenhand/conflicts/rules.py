"""The wall, first form: (a), (b) and (d) of specs/neutrality.md section 3, for direct ties. Pure.

(a) holds by construction: a credential belongs to one workspace, hence a session carries one
customer's label. (b) a person who saw data of a rival within the cooling-off time is refused.
(d) a tie of the person or of its vendor to a rival at or above the policy's threshold for that kind
refuses. A share that is unknown or an interval that straddles the threshold makes the answer
*possible*, and possible is refused unless the customer chose otherwise.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from .model import Facts, Policy, TieFact, Verdict

if TYPE_CHECKING:
    from datetime import date

__all__ = ["check_wall", "weigh_tie"]

Weight = Literal["certain", "possible", "excluded"]
_FOREVER = timedelta(days=1)


def weigh_tie(tie: TieFact, policy: Policy, on: date) -> Weight:
    """How surely the tie reaches the threshold of its kind on a day.

    A kind without a threshold in the policy counts as "any such tie". A former employment counts
    until the cooling-off time after its end has passed.
    """
    ends = tie.valid_to
    if tie.kind == "former_employment" and ends is not None:
        ends += timedelta(days=policy.cooling_off_days)
    if (tie.valid_from is not None and on < tie.valid_from) or (ends is not None and on > ends):
        return "excluded"
    threshold = policy.thresholds.get(tie.kind, Fraction(0))
    if threshold == 0:
        return "certain"
    if tie.share_lo is not None and tie.share_lo >= threshold:
        return "certain"
    if tie.share_hi is not None and tie.share_hi < threshold:
        return "excluded"
    return "possible"


def check_wall(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    """The verdict at `now` (UTC), trusted until the end of the day at the latest."""
    reasons: list[str] = []
    if facts.days_since_rival is not None and facts.days_since_rival <= policy.cooling_off_days:
        reasons.append(
            f"denied: this person saw data of a rival of this customer"
            f" {facts.days_since_rival} days ago; the cooling-off time is"
            f" {policy.cooling_off_days} days"
        )
    for tie in facts.ties:
        weight = weigh_tie(tie, policy, now.date())
        if weight == "certain" or (weight == "possible" and not policy.accept_possible):
            reasons.append(_explain(tie, weight))
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    return Verdict(
        allowed=not reasons,
        reasons=tuple(reasons),
        good_until=min(midnight, now + _FOREVER),
    )


def _explain(tie: TieFact, weight: Weight) -> str:
    share = _share(tie)
    kind = tie.kind.replace("_", " ")
    path = (
        f"{tie.our_name}, {share}{kind} held by {tie.rival_name}"
        if tie.rival_holds
        else f"{tie.our_name}, {share}{kind} at {tie.rival_name}"
    )
    surely = "" if weight == "certain" else " (possible: the share is not known exactly)"
    return (
        f"denied: {path} (rule direct_tie, declared {tie.declared_on.isoformat()}){surely},"
        f" {tie.rival_name} is a rival of this customer"
    )


def _share(tie: TieFact) -> str:
    if tie.share_lo is None or tie.share_hi is None:
        return ""
    lo, hi = (f"{float(100 * share):.4g}" for share in (tie.share_lo, tie.share_hi))
    return f"{lo} % " if lo == hi else f"{lo} to {hi} % "
