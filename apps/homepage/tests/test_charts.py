"""Charts by address: what is drawn, what is refused, and what it costs."""

import io
from itertools import pairwise

import pytest
from flask.testing import FlaskClient
from homepage import create_app
from homepage.settings import Settings
from PIL import Image

GREEN = (11, 93, 87)


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(Settings()).test_client()


def drawn(client: FlaskClient, kind: str, **parameters: str) -> Image.Image:
    response = client.get(f"/charts/{kind}.png", query_string=parameters)
    assert response.status_code == 200, response.text
    # A body that was never rewound is empty, and its status fine.
    assert response.data.startswith(b"\x89PNG\r\n\x1a\n")
    return Image.open(io.BytesIO(response.data)).convert("RGB")


def tops(picture: Image.Image) -> list[tuple[int, int]]:
    """First and last row of each bar, from left to right."""
    found: list[tuple[int, int]] = []
    columns: list[list[int]] = [
        [y for y in range(picture.height) if picture.getpixel((x, y)) == GREEN]
        for x in range(picture.width)
    ]
    for before, now in pairwise([[], *columns]):
        if now and not before:
            found.append((0, 0))
        if now:
            found[-1] = (now[0], now[-1])
    return found


def test_a_chart_is_a_picture_to_show(client: FlaskClient) -> None:
    response = client.get("/charts/bar.png?xvalues=a,b&yvalues=1,2")
    assert response.mimetype == "image/png"
    assert response.headers["Content-Disposition"] == "inline; filename=chart.png"
    assert drawn(client, "pie", values="1,2").size == (800, 450)


def test_bars_are_where_they_belong(client: FlaskClient) -> None:
    low, high, none, below = (
        *tops(drawn(client, "bar", xvalues="a,b", yvalues="1,2")),
        *tops(drawn(client, "bar", xvalues="a,b", yvalues="0,-2")),
        (0, 0),
    )[:4]
    assert low[1] - low[0] == pytest.approx((high[1] - high[0]) / 2, abs=3)
    assert low[1] == high[1]
    assert none[1] - none[0] > 50  # zero draws nothing: this is the one below
    assert below == (0, 0)


def test_b5_5_a_negative_bar_hangs_from_zero(client: FlaskClient) -> None:
    up, down = tops(drawn(client, "bar", xvalues="a,b", yvalues="2,-2"))
    assert down[0] == pytest.approx(up[1], abs=4)
    assert down[1] - down[0] == pytest.approx(up[1] - up[0], abs=4)


def test_slices_have_their_share(client: FlaskClient) -> None:
    colours = drawn(client, "pie", values="3,1", labels="a,b").getcolors(1 << 20)
    assert colours
    count = {colour: number for number, colour in colours}
    assert count[GREEN] / count[(208, 138, 44)] == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize(
    "label",
    [
        r"$\frac$",
        "$x",
        r"\alpha",
        "<b>",
        "Привет",
        "Ελληνικά",
        "مرحبا",
        "日本語",
        "🎉👩‍👩‍👧",
        "a\u0301",
        "&amp;",
        "%s{}",
    ],
)
def test_b5_3_b5_8_any_text_is_text(label: str, client: FlaskClient) -> None:
    """Warnings are errors here, those about missing glyphs too."""
    parameters = {"title": label, "xlabel": label, "ylabel": label}
    drawn(client, "bar", xvalues=f"{label},b", yvalues="1,2", **parameters)
    drawn(client, "pie", values="1,2", labels=f"{label},b", title=label)


REFUSED = {
    "bar": [
        ("", {"xvalues", "yvalues"}),
        ("xvalues=a", {"yvalues"}),
        ("xvalues=&yvalues=1", {"xvalues"}),
        ("xvalues=a,&yvalues=1,2", {"xvalues"}),
        ("xvalues=a&yvalues=", {"yvalues"}),
        ("xvalues=a,b&yvalues=1", {"yvalues"}),
        ("xvalues=a&yvalues=x", {"yvalues"}),
        ("xvalues=a&yvalues=nan", {"yvalues"}),
        ("xvalues=a&yvalues=inf", {"yvalues"}),
        ("xvalues=a&yvalues=1e400", {"yvalues"}),
        ("xvalues=a&yvalues=1_0", {"yvalues"}),
        ("xvalues=a&yvalues=\u0661", {"yvalues"}),
        (f"xvalues={'a,' * 50}a&yvalues={'1,' * 50}1", {"xvalues", "yvalues"}),
        (f"xvalues={'a' * 31}&yvalues=1", {"xvalues"}),
        (f"xvalues=a&yvalues=1&title={'t' * 61}", {"title"}),
        (f"xvalues=a&yvalues=1&xlabel={'t' * 31}&ylabel={'t' * 31}", {"xlabel", "ylabel"}),
        ("xvalues=a&yvalues=1&title=a%00b", {"title"}),
        ("xvalues=a&yvalues=1&title=a%0Ab", {"title"}),
    ],
    "pie": [
        ("", {"values"}),
        ("values=0", {"values"}),
        ("values=0,0", {"values"}),
        ("values=1,-1", {"values"}),
        ("values=nan", {"values"}),
        ("values=1,2&labels=a", {"labels"}),
        ("values=1&labels=a,b", {"labels"}),
        ("values=1,2&labels=,", {"labels"}),
    ],
}


@pytest.mark.parametrize(
    ("kind", "query", "fields"),
    [(kind, query, fields) for kind, rows in REFUSED.items() for query, fields in rows],
)
def test_b5_1_b5_2_b5_4_what_cannot_be_drawn_is_refused_field_by_field(
    kind: str, query: str, fields: set[str], client: FlaskClient
) -> None:
    response = client.get(f"/charts/{kind}.png?{query}")
    assert response.status_code == 422
    assert response.mimetype == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json
    assert {error["field"] for error in response.json["errors"]} == fields
    assert all(error["message"] for error in response.json["errors"])


@pytest.mark.parametrize(
    ("kind", "query", "message"),
    [
        ("pie", {}, "is required"),
        ("pie", {"values": "1", "title": "W" * 61}, "must have at most 60 characters"),
        ("bar", {"xvalues": "a,,b", "yvalues": "1,2,3"}, "must not be empty"),
        ("bar", {"xvalues": "W" * 31, "yvalues": "1"}, "must have at most 30 characters"),
        ("bar", {"xvalues": "", "yvalues": "1"}, "must have 1 to 50 entries, separated by commas"),
        (
            "bar",
            {"xvalues": "a\nb", "yvalues": "1"},
            "must not contain control characters or line breaks",
        ),
        ("pie", {"values": "x"}, "must be numbers, separated by commas"),
        ("pie", {"values": "1e301"}, "must be numbers from -1e300 to 1e300"),
        ("pie", {"values": "0"}, "must not be negative, nor all be zero"),
        ("pie", {"values": "1", "labels": "a,b"}, "must have as many entries as values (1), not 2"),
    ],
)
def test_a_refused_parameter_is_explained(
    kind: str, query: dict[str, str], message: str, client: FlaskClient
) -> None:
    answer = client.get(f"/charts/{kind}.png", query_string=query).json
    assert answer
    assert [error["message"] for error in answer["errors"]] == [message]


def test_as_much_as_is_allowed_is_drawn(client: FlaskClient) -> None:
    many = ",".join(["W" * 30] * 50)
    numbers = ",".join(["-1e300", "1e300"] * 25)
    rest = {"title": "W" * 60, "xlabel": "W" * 30, "ylabel": "W" * 30}
    drawn(client, "bar", xvalues=many, yvalues=numbers, **rest)
    drawn(client, "pie", values=",".join(["1e300"] * 50), labels=many, title="W" * 60)


def test_b5_6_a_chart_of_1500_bars_is_refused(client: FlaskClient) -> None:
    many = ",".join(["1"] * 1500)
    response = client.get("/charts/bar.png", query_string={"xvalues": many, "yvalues": many})
    assert response.status_code == 422


def test_the_description_names_what_makes_another_chart(client: FlaskClient) -> None:
    described = client.get("/openapi.json").json
    assert described
    assert set(described["paths"]) == {"/charts/bar.png", "/charts/pie.png"}
    names = {
        parameter["name"]
        for path in described["paths"].values()
        for parameter in path["get"]["parameters"]
    }
    assert names == {"xvalues", "yvalues", "values", "labels", "title", "xlabel", "ylabel"}
