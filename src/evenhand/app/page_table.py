"""The table of the pages: one line each.

A page is a module `static/app/pages/<name>.js` that `boot.js` starts by the same name; its route is
a shell without data. To add one: a line here, a line in `boot.js`, its texts in `locales/`, and, if
it has a look of its own, `static/app/styles/<style>.css`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["PAGES", "PageShell"]


@dataclass(frozen=True, slots=True)
class PageShell:
    """One page.

    Shapes:
        name: The module below `static/app/pages`.
        path: The route, with Starlette's placeholders; the page reads them from its address.
        title: What the tab says until the page has drawn.
        styles: Files below `static/app/styles`, without their ending, beside `style.css`.
        first: Modules that start before the page's own, to be announced before it.
        entries: Modules that the page loads by name later, to be announced already.
    """

    name: str
    path: str
    title: str
    styles: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()


PAGES: Final[tuple[PageShell, ...]] = (
    PageShell("sign-in", "/sign-in", "Sign in", ("sign-in",)),
    PageShell("accept", "/accept", "Invitation", ("sign-in",)),
    PageShell("account", "/account", "Account", ("sign-in", "account")),
    PageShell("home", "/home", "Evenhand"),
    # The editor is loaded by name once the project is known; pairwise is the first one.
    PageShell(
        "work",
        "/work",
        "Work",
        ("work",),
        first=("app/pages/work-opening.js",),
        entries=("app/editors/pairwise/index.js",),
    ),
    PageShell("projects", "/projects", "Projects", ("manage",)),
    PageShell("project", "/projects/{project_id}", "Project", ("manage",)),
    PageShell("project-results", "/projects/{project_id}/results", "Results", ("manage",)),
    PageShell("project-annotators", "/projects/{project_id}/annotators", "Annotators", ("manage",)),
    PageShell("items", "/projects/{project_id}/items", "Items", ("manage",)),
    PageShell("item", "/projects/{project_id}/items/{item_id}", "Item", ("manage",)),
    PageShell("people", "/people", "People", ("manage",)),
    PageShell("audit", "/audit", "Transparency log", ("audit",)),
    PageShell("audit-search", "/audit/search", "Search accesses", ("audit",)),
    PageShell("audit-entry", "/audit/entries/{index}", "Log entry", ("audit",)),
    PageShell("audit-exposure", "/audit/exposure", "Who saw what", ("audit",)),
    PageShell("audit-wall", "/audit/wall", "The wall", ("audit",)),
)
