"""Texts that try to run a script, load something or break out of their place.

``{n}`` becomes a number, so that a test sees which one did it. A script that runs sets
``window.ran``; a resource that loads asks ``evil.example``.
"""

HOSTILE = (
    "<script>window.ran = {n}</script>",
    "<img src=x onerror='window.ran = {n}'>",
    "<img srcset='https://evil.example/{n}.png 1x, //evil.example/{n}b.png 2x'>",
    "<svg onload='window.ran = {n}'><script>window.ran = {n}</script></svg>",
    "<svg><use href='data:image/svg+xml,%3Csvg/%3E#x'/><a xlink:href='javascript:ran={n}'>x</a>",
    "<iframe srcdoc='<script>parent.ran = {n}</script>'></iframe>",
    "<style>@import '//evil.example/{n}.css'; * {{ background: url(//evil.example) }}</style>",
    "<div style='background: url(https://evil.example/{n}.png)'>styled</div>",
    "<link rel=stylesheet href=https://evil.example/{n}.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/{n}'>",
    "<math><mtext><table><mglyph><style><img src=x onerror='window.ran = {n}'></table></math>",
    "<form action=https://evil.example/{n}><input autofocus onfocus='window.ran = {n}'></form>",
    "<details open ontoggle='window.ran = {n}'>details</details>",
    "![picture](https://evil.example/{n}.png 'title')",
    "![ref][r{n}]\n\n[r{n}]: https://evil.example/ref-{n}.png",
    "[click](javascript:window.ran={n}) [data](data:text/html,<script>window.ran={n}</script>)",
    "[tab](java\tscript:window.ran={n}) <javascript:window.ran={n}>",
    '[quote](https://evil.example/"onmouseover="window.ran={n} "x" onclick="window.ran={n}")',
    '```html"><img src=x onerror=window.ran={n}>\n<script>window.ran = {n}</script>\n```',
    "`<b onclick=window.ran={n}>` </textarea></div></main><script>window.ran = {n}</script>",
    "{{{{constructor.constructor('window.ran = {n}')()}}}} ${{window.ran={n}}} <!-- --><b>bold</b>",
    "\u202eevil\u202c\u0000<ScRiPt\x0b>window.ran = {n}</sCrIpT>",
)


def hostile(index: int) -> str:
    return HOSTILE[index].format(n=index)
