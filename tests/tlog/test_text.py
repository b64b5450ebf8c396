import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.tlog import SIZE_MAX, parse_base64, parse_decimal, render_base64


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_base64_comes_back(data: bytes) -> None:
    assert parse_base64(render_base64(data)) == data


@settings(deadline=None)
@given(st.text("AQgw+/=-_ \n", max_size=8))
def test_base64_has_one_spelling(text: str) -> None:
    try:
        data = parse_base64(text)
    except ValueError:
        return
    assert render_base64(data) == text


@pytest.mark.parametrize("text", ["AA", "AA=", "AB==", "AA== ", "A\nA==", "AA==AA==", "é", "_-8="])
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        parse_base64(text)


@settings(deadline=None)
@given(st.integers(0, SIZE_MAX))
def test_decimal_comes_back(number: int) -> None:
    assert parse_decimal(str(number)) == number


@pytest.mark.parametrize(
    "text",
    ["", "00", "01", "-1", "+1", "1 ", "1\n", "1_0", "\u0663", "0x1", str(SIZE_MAX + 1), "9" * 30],
)
def test_other_numbers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        parse_decimal(text)
