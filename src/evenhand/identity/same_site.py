"""Whether another site made a browser send a request: Sec-Fetch-Site first, then Origin.

Cookies alone never change anything for another site. A program that sends neither header is no
browser; it is let in where no cookie is involved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenhand.platform.errors import Forbidden

if TYPE_CHECKING:
    from fastapi import Request

__all__ = ["check_same_site"]


def check_same_site(request: Request, *, needs_proof: bool) -> None:
    """Refuse what another site sent; with `needs_proof` also what does not say where it is from.

    Raises:
        Forbidden: another site, or none named.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    host = request.headers.get("host")
    if site is None and origin is None:
        same = not needs_proof
    else:
        same = site in {None, "same-origin", "none"} and (
            origin is None or origin in {f"http://{host}", f"https://{host}"}
        )
    if not same:
        raise Forbidden("This request came from another site.", code="cross_site")
