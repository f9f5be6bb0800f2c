"""Requests for charts that nobody thought of: a picture or a reason, and never a 500."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from homepage import create_app
from homepage.settings import Settings
from hypothesis import given, settings
from hypothesis import strategies as st

Query = dict[str, str]
MANY = settings(max_examples=250, deadline=None, derandomize=True)
DRAWN = settings(MANY, max_examples=100)
"""Drawing takes a tenth of a second. Warnings are errors here, so a missing glyph is one too."""


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(Settings()).test_client()


def words(least: int, most: int, without: str = "") -> st.SearchStrategy[str]:
    """Any text but control characters, as long as is allowed."""
    characters = st.characters(
        exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters=without
    )
    return st.text(characters, min_size=least, max_size=most).filter(
        lambda text: len(text.strip()) >= least
    )


LABEL, WORDS, TITLE = words(1, 30, without=","), words(0, 30), words(0, 60)
VIEW = {
    "width": st.sampled_from(["400", "800"]),
    "theme": st.sampled_from(["light", "dark"]),
}
"""Not the scale, which costs time and decides nothing."""
FINITE = st.floats(-1e300, 1e300) | st.integers(-(10**20), 10**20)
POSITIVE = st.floats(1e-300, 1e300) | st.integers(1, 10**20)


def joined(values: list[Any]) -> str:
    return ",".join(map(str, values))


@st.composite
def bars(draw: st.DrawFn) -> Query:
    """Parameters of bars, all as they should be."""
    many = draw(st.integers(1, 4))
    needed = {
        "xvalues": draw(st.lists(LABEL, min_size=many, max_size=many).map(joined)),
        "yvalues": draw(st.lists(FINITE, min_size=many, max_size=many).map(joined)),
    }
    optional = {"title": TITLE, "xlabel": WORDS, "ylabel": WORDS, **VIEW}
    return needed | draw(st.fixed_dictionaries({}, optional=optional))


@st.composite
def pies(draw: st.DrawFn) -> Query:
    """Parameters of a pie, all as they should be."""
    many = draw(st.integers(0, 3))
    values = [*draw(st.lists(POSITIVE | st.just(0), min_size=many, max_size=many)), draw(POSITIVE)]
    needed = {"values": joined(draw(st.permutations(values)))}
    labels = st.lists(LABEL, min_size=many + 1, max_size=many + 1).map(joined)
    optional = {"labels": labels, "title": TITLE, **VIEW}
    return needed | draw(st.fixed_dictionaries({}, optional=optional))


TOO_LONG = st.integers(61, 200).map(lambda length: "x" * length)
UNPRINTABLE = st.characters(categories=["Cc", "Zl", "Zp"]).map(lambda odd: f"a{odd}b")
NO_NUMBER = st.sampled_from(["", "nan", "inf", "-inf", "1e400", "0x1", "1_0", "1 0", "\u0661"])
NO_NUMBERS = NO_NUMBER | words(1, 20, without="0123456789,") | st.just(joined(["1"] * 51))
NO_LABELS = st.just("") | TOO_LONG | UNPRINTABLE | st.just(joined(["a"] * 51))
WRONG = {
    "xvalues": NO_LABELS,
    "yvalues": NO_NUMBERS,
    "values": NO_NUMBERS | st.just("0") | st.just("0,0.0") | st.just("2,-1"),
    "labels": NO_LABELS | st.just("a," * 5 + "a"),
    "title": TOO_LONG | UNPRINTABLE,
    "xlabel": TOO_LONG | UNPRINTABLE,
    "ylabel": TOO_LONG | UNPRINTABLE,
    "width": st.sampled_from(["", "401", "-400", "400.0", "4_00", "\u0664\u0660\u0660"]) | TOO_LONG,
    "scale": st.sampled_from(["", "0", "3", "1.5"]) | UNPRINTABLE,
    "theme": st.sampled_from(["", "Dark", "auto"]) | UNPRINTABLE,
}
GOOD = {"bar": bars(), "pie": pies()}
FIELDS = {
    "bar": ("xvalues", "yvalues", "title", "xlabel", "ylabel", "width", "scale", "theme"),
    "pie": ("values", "labels", "title", "width", "scale", "theme"),
}


@st.composite
def good(draw: st.DrawFn) -> tuple[str, Query]:
    kind = draw(st.sampled_from(["bar", "pie"]))
    return kind, draw(GOOD[kind])


@st.composite
def broken(draw: st.DrawFn) -> tuple[str, Query, str]:
    """A kind, parameters of which one is wrong or missing, and its name."""
    kind, query = draw(good())
    field = draw(st.sampled_from(FIELDS[kind]))
    if field in {"xvalues", "yvalues", "values"} and draw(st.booleans()):
        del query[field]
    else:
        query[field] = draw(WRONG[field])
    return kind, query, field


@DRAWN
@given(asked=good())
def test_b5_9_what_is_allowed_is_drawn(asked: tuple[str, Query], client: FlaskClient) -> None:
    kind, query = asked
    response = client.get(f"/charts/{kind}.png", query_string=query)
    assert (response.status_code, response.mimetype) == (200, "image/png")
    assert response.data.startswith(b"\x89PNG\r\n\x1a\n")


@MANY
@given(asked=broken())
def test_b5_9_what_is_not_allowed_is_told_by_its_name(
    asked: tuple[str, Query, str], client: FlaskClient
) -> None:
    kind, query, field = asked
    response = client.get(f"/charts/{kind}.png", query_string=query)
    assert (response.status_code, response.mimetype) == (422, "application/problem+json")
    assert response.json
    assert field in {error["field"] for error in response.json["errors"]}


@MANY
@given(
    kind=st.sampled_from(["bar", "pie"]),
    query=st.dictionaries(st.sampled_from(sorted(WRONG)), st.text(max_size=70)),
)
def test_b5_9_whatever_is_sent_breaks_nothing(kind: str, query: Query, client: FlaskClient) -> None:
    response = client.get(f"/charts/{kind}.png", query_string=query)
    assert response.status_code in {200, 422}
