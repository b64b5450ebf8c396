"""CSV: read exactly or refused with the line (reliability.md D60)."""

from __future__ import annotations

import json

import pytest
from tests.faults.processes import House
from tests.faults.wire import Answer, post
from tests.faults.worlds import bring_in
from tests.imports.counting import NOTHING, kept, whole
from tests.routes.operations import check_problem

HEAD = b"id,prompt,left,right,meta.left,meta.right\n"


def rows(count: int) -> bytes:
    return b"".join(b"i%d,p%d,a,b,m0,m1\n" % (number, number) for number in range(count))


def send(house: House, project: str, data: bytes, *, key: str) -> Answer:
    return bring_in(house, project, data, key=key, media_type="text/csv; charset=utf-8")


REFUSED: dict[str, tuple[bytes, int]] = {
    "ragged, short": (HEAD + rows(2) + b"x,y\n" + rows(1), 4),
    "ragged, long": (HEAD + rows(2) + b"x,y,a,b,c,d,e\n", 4),
    "ragged behind a chunk of rows": (HEAD + rows(2500) + b"x,y\n", 2502),
    "open quote": (HEAD + b'x,"y,a,b,c,d\n' + rows(3), 2),
    "quote inside": (HEAD + b'x,y"z,a,b,c,d\n', 2),
    "text behind a quote": (HEAD + b'x,"y"z,a,b,c,d\n', 2),
    "NUL": (HEAD + b"x,y\0,a,b,c,d\n", 2),
    "invalid UTF-8": (HEAD + rows(1) + b"x,\xe9t\xe9,a,b,c,d\n", 3),
    "Latin-1 header": (b"id,prompt,left,right,\xe9\n" + rows(1), 1),
    "UTF-16": ((HEAD + rows(1)).decode().encode("utf-16"), 1),
    "UTF-16 without a mark": ((HEAD + rows(1)).decode().encode("utf-16-le"), 1),
    "UTF-16 big-endian": (b"\xfe\xff" + (HEAD + rows(1)).decode().encode("utf-16-be"), 1),
    "lone CR": (HEAD.replace(b"\n", b"\r") + rows(1).replace(b"\n", b"\r"), 1),
    "two marks": (b"\xef\xbb\xbf" * 2 + HEAD + rows(1), 1),
    "duplicate column": (b"id,prompt,left,right,left\n" + b"i,p,a,b,c\n", 1),
    "nameless column": (b"id,prompt,left,right,\n" + b"i,p,a,b,c\n", 1),
    "100,000 columns": (b",".join(b"c%d" % n for n in range(100_000)) + b"\n", 1),
    "10 MB field": (HEAD + b"x,y,a,b,c," + b"z" * 10_000_000 + b"\n", 2),
    "10 MB in an open quote": (HEAD + b'x,y,a,b,c,"' + b"z\n" * 5_000_000, 2),
    "column too many": (b"id,prompt,left,right,other\ni,p,a,b,c\n", 2),
    "blank prompt": (HEAD + rows(2) + b"x, ,a,b,c,d\n", 4),
    "the same id": (HEAD + rows(2) + rows(1), 4),
    "header only, no items": (HEAD, 0),
    "nothing": (b"", 1),
    "a quoted line end before it": (HEAD + b'x,"p\nq",a,b,c,d\nshort\n', 4),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_refused_with_the_line(house: House, owner: str, project: str, what: str) -> None:
    data, line = REFUSED[what]
    said = send(house, project, data, key=owner)
    check_problem(said, 422, about=what)
    if line:
        assert f"Line {line}" in said.json["detail"], said
        assert said.json["detail"].count("Line ") == 1, said
    assert await kept(house, project) == NOTHING


@pytest.mark.parametrize(
    "data",
    [
        HEAD + rows(3),
        b"\xef\xbb\xbf" + HEAD + rows(3),
        (HEAD + rows(3)).replace(b"\n", b"\r\n"),
        HEAD.replace(b"\n", b"\r\n") + rows(3),
        (HEAD + rows(3)).rstrip(b"\n"),
        HEAD + b"\n\r\n" + rows(3) + b"\n",
    ],
)
async def test_read_whatever_ends_its_lines(
    house: House, owner: str, project: str, data: bytes
) -> None:
    assert send(house, project, data, key=owner).status == 201
    assert await kept(house, project) == whole(3)


def test_read_exactly(house: House, owner: str, project: str) -> None:
    """Quotes, line ends, formulas, spaces and every script come back as they were."""
    texts = [
        'a "quoted" b',
        "two\nlines",
        "two\r\nlines",
        "=1+1",
        " padded ",
        "é漢字🙂",
        "a,b",
        "\ttab",
        "-",
        "'",
        "\u202eright",
        "\x7f\x1b[31m",
    ]
    quoted = ['"' + text.replace('"', '""') + '"' for text in texts]
    body = "".join(f"i{number},p,{cell},{cell},m0,m1\n" for number, cell in enumerate(quoted))
    said = send(house, project, HEAD + body.encode(), key=owner)
    assert said.status == 201, said
    exported = post(
        house.url, f"/api/v1/projects/{project}/exports", {"format": "items"}, key=owner
    )
    assert {json.loads(line)["id"] for line in exported.body.splitlines()} == {
        f"i{number}" for number in range(len(texts))
    }
    # What annotators see is shown to annotators; it is read back through a lease.
    made = post(house.url, "/api/v1/keys", {"role": "annotator"}, key=owner).json
    leased = post(
        house.url, f"/api/v1/projects/{project}/leases", {"hold": len(texts)}, key=made["api_key"]
    ).json["leases"]
    assert {lease["payload"]["left"] for lease in leased} == set(texts)
