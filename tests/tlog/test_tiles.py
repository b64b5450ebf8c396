from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.tlog import (
    EMPTY_ROOT,
    ENTRY_BYTES_MAX,
    SIZE_MAX,
    TileError,
    TilePath,
    bundle_path,
    decode_bundle,
    decode_tile,
    edge_tiles,
    encode_bundle,
    encode_tile,
    parse_tile_path,
    tile_path,
    tile_width,
)

PATHS = st.builds(
    TilePath,
    level=st.none() | st.integers(0, 63),
    number=st.integers(0, SIZE_MAX // 256) | st.integers(0, 2000),
    width=st.integers(1, 256),
)


@settings(deadline=None)
@given(PATHS)
def test_path_comes_back(path: TilePath) -> None:
    assert parse_tile_path(str(path)) == path
    assert str(parse_tile_path(str(path))) == str(path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (TilePath(0, 0), "tile/0/000"),
        (TilePath(63, 1_234_067), "tile/63/x001/x234/067"),
        (TilePath(1, 1_000, 17), "tile/1/x001/000.p/17"),
        (TilePath(None, 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_known_paths(path: TilePath, text: str) -> None:
    assert str(path) == text
    assert str(path.full) == text.split(".", maxsplit=1)[0]
    if path.level is None:
        assert bundle_path(number=path.number, width=path.width) == text
    else:
        assert tile_path(level=path.level, number=path.number, width=path.width) == text


@pytest.mark.parametrize(
    "text",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/001/067",
        "tile/0/x001/x067",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/../000",
        "tile/entry/000",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/000\n",
        "tile/0/" + "x999/" * 9 + "999",
        "tile/8/0/000",
    ],
)
def test_other_paths_are_refused(text: str) -> None:
    with pytest.raises(TileError, match="not the path of a tile"):
        parse_tile_path(text)


@pytest.mark.parametrize(
    "bad", [{"level": 64}, {"level": -1}, {"number": -1}, {"number": 2**55}, {"width": 0}]
)
def test_impossible_tiles(bad: dict[str, Any]) -> None:
    with pytest.raises(TileError):
        TilePath(**{"level": 0, "number": 0, **bad})


def test_the_specification_s_tree_of_70000() -> None:
    # "273 full level 0 tiles, one partial level 0 tile of width 112, one full level 1 tile, one
    # partial level 1 tile of width 17, and one partial level 2 tile of width 1."
    assert {level: (p.number, p.width) for level, p in edge_tiles(70_000).items()} == {
        0: (273, 112),
        1: (1, 17),
        2: (0, 1),
    }
    assert tile_width(level=0, number=272, size=70_000) == 256
    assert tile_width(level=0, number=274, size=70_000) == 0
    assert {level: p.width for level, p in edge_tiles(256).items()} == {1: 1}
    assert edge_tiles(0) == {}


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundle_comes_back(entries: list[bytes]) -> None:
    path = TilePath(None, 0, len(entries))
    data = encode_bundle(entries)
    assert decode_bundle(data, path=path) == entries
    assert encode_bundle(decode_bundle(data, path=path)) == data


def test_bundle_limits() -> None:
    longest = b"x" * ENTRY_BYTES_MAX
    assert decode_bundle(encode_bundle([longest]), path=TilePath(None, 0, 1)) == [longest]
    with pytest.raises(TileError, match="entry 1 has more than 65535"):
        encode_bundle([b"", longest + b"x"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "000.p/2: 0 entries instead of 2"),
        (b"\0\1a", "1 entries instead of 2"),
        (b"\0\1a\0\1b\0\0", "3 entries instead of 2"),
        (b"\0\1a\0", "entry 1 is cut off"),
        (b"\0\1a\0\2b", "entry 1 is cut off"),
    ],
)
def test_malformed_bundles_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(TileError, match=message):
        decode_bundle(data, path=TilePath(None, 0, 2))


def test_tiles_come_back_and_have_their_width() -> None:
    path = TilePath(0, 7, 3)
    data = encode_tile([EMPTY_ROOT] * 3)
    assert decode_tile(data, path=path) == [EMPTY_ROOT] * 3
    for wrong in (data[:-1], data + b"x", b"", data + EMPTY_ROOT):
        with pytest.raises(TileError, match=r"tile/0/007.p/3: .* instead of 96"):
            decode_tile(wrong, path=path)
