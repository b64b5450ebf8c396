from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.platform.errors import Invalid
from evenhand.platform.postgres.config import (
    HBA,
    check_overrides,
    parse_settings,
    render_settings,
    server_settings,
    undurable,
)

names = st.from_regex(r"[a-z_][a-z0-9_]{0,12}(\.[a-z_][a-z0-9_]{0,8})?", fullmatch=True)
values = st.text(st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]) | st.just(" "))


@settings(deadline=None)
@given(st.dictionaries(names, values, max_size=6))
def test_parse_undoes_render(values_by_name: dict[str, str]) -> None:
    assert parse_settings(render_settings(values_by_name)) == values_by_name


@settings(deadline=None)
@given(st.dictionaries(names, values, max_size=6))
def test_render_undoes_parse(values_by_name: dict[str, str]) -> None:
    text = render_settings(values_by_name)
    assert render_settings(parse_settings(text)) == text


@settings(deadline=None)
@given(st.text())
def test_parse_reads_anything(text: str) -> None:
    assert isinstance(parse_settings(text), dict)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("fsync = 'off'", {"fsync": "off"}),
        ("FSYNC off # why", {"fsync": "off"}),
        ("  fsync=off", {"fsync": "off"}),
        (r"a = 'it''s \'so\''", {"a": "it's 'so'"}),
        ("x.y = '1'\nx.y = 2", {"x.y": "2"}),
        ("# fsync = off", {}),
        ("fsync = 'open", {}),
    ],
)
def test_grammar_of_the_configuration_file(line: str, found: dict[str, str]) -> None:
    assert parse_settings(line) == found


def test_undurable_names_what_weakens() -> None:
    assert undurable({"fsync": "ON", "full_page_writes": "true", "work_mem": "off"}) == []
    assert undurable({"synchronous_commit": "local", "fsync": "0"}) == [
        "fsync",
        "synchronous_commit",
    ]


def test_overrides_win_only_where_they_may() -> None:
    chosen = server_settings(major=18, has_lz4=True, overrides={"jit": "on", "a.b": "1"})
    assert (chosen["jit"], chosen["a.b"], chosen["wal_compression"]) == ("on", "1", "lz4")
    assert chosen["io_method"] == "sync"
    old = server_settings(major=15, has_lz4=False, overrides={"fsync": "off"})
    assert (old["fsync"], old["wal_compression"]) == ("on", "on")
    assert "io_method" not in old
    assert check_overrides({"Work_Mem": "1MB"}) == {"work_mem": "1MB"}


@pytest.mark.parametrize(
    "wrong",
    [{"LOG_statement": "all"}, {"listen_addresses": "*"}, {"a b": "1"}, {"work_mem": "1\nfsync"}],
)
def test_bad_overrides_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        check_overrides(wrong)


def test_the_only_way_in_is_a_password() -> None:
    rules = [line.split() for line in HBA.splitlines() if not line.startswith("#")]
    assert rules == [["local", "all", "all", "scram-sha-256"]]
