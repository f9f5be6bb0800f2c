"""Charts by address: what is drawn, what is refused, and what it costs."""

import io
import re
from collections.abc import Mapping
from html import unescape
from itertools import combinations, pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient
from homepage import create_app
from homepage.settings import Settings
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image, ImageChops, ImageStat

GREEN, OCHRE = (11, 93, 87), (196, 122, 28)
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
IN_A_PAGE = {"Accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(Settings()).test_client()


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """What is drawn, as its parts."""
    seen: list[Figure] = []

    class Seen(Figure):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)  # pyright: ignore[reportUnknownMemberType]  # half typed there
            seen.append(self)

    monkeypatch.setattr("homepage.charts.draw.Figure", Seen)
    return seen


def words(figure: Figure) -> list[Text]:
    """All words of a figure that can be seen."""
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    for axes in figure.axes:
        low, high = axes.get_ylim()
        outside = [
            label for label in axes.get_yticklabels() if not low <= label.get_position()[1] <= high
        ]
        found = [text for text in found if text not in outside]
    return found


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
    assert count[GREEN] / count[OCHRE] == pytest.approx(3, rel=0.05)


WORDS = "Bread,Milk,Coffee,Rent,Trains,Books,Phone,Power,Water,Gifts,Shoes,Salt"
HARD = {
    "twelve slices, five of them small": (
        "pie",
        {
            "values": "40,30,25,20,15,12,9,1,1,1,1,0.01",
            "labels": WORDS,
            "title": "What a month costs",
        },
    ),
    "fifty slices": (
        "pie",
        {
            "values": ",".join(map(str, range(1, 51))),
            "labels": ",".join(f"Town {n}" for n in range(50)),
        },
    ),
    "long names of slices": ("pie", {"values": "3,2,1", "labels": ",".join(["W" * 30] * 3)}),
    "nine years": (
        "bar",
        {
            "xvalues": ",".join(map(str, range(2018, 2027))),
            "yvalues": "1,2,3,4,5,6,7,8,9",
            "ylabel": "Talks",
        },
    ),
    "large numbers": ("bar", {"xvalues": "a,b", "yvalues": "1200000,-350000", "ylabel": "Euros"}),
    "small numbers": ("bar", {"xvalues": "a,b,c", "yvalues": "0.1,-0.25,0.000001"}),
    "nothing but zero": ("bar", {"xvalues": "a,b", "yvalues": "0,0", "title": "Rain"}),
    "right to left": (
        "bar",
        {"xvalues": "الأحد,الاثنين", "yvalues": "3,5", "title": "أسبوع في المكتبة"},
    ),
    "right to left, slices": ("pie", {"labels": "الأحد,الاثنين,שלישי", "values": "3,5,1"}),
    "fifty bars": (
        "bar",
        {"xvalues": WORDS + ",".join(["", *["Town"] * 38]), "yvalues": "1," * 49 + "1"},
    ),
    "the longest words": (
        "bar",
        {
            "xvalues": ",".join(["W" * 30] * 50),
            "yvalues": ",".join(["-1e300", "1e300"] * 25),
            "title": "W" * 60,
            "xlabel": "W" * 30,
            "ylabel": "W" * 30,
        },
    ),
}


@pytest.mark.parametrize("width", ["400", "800"])
@pytest.mark.parametrize("name", HARD)
def test_words_neither_overlap_nor_leave_the_picture(
    name: str, width: str, client: FlaskClient, figures: list[Figure]
) -> None:
    kind, parameters = HARD[name]
    drawn(client, kind, **parameters, width=width)
    (figure,) = figures
    boxes = {text: text.get_window_extent() for text in words(figure)}
    assert boxes
    for text, box in boxes.items():
        assert box.x0 >= 0 <= box.y0, text
        assert box.x1 <= figure.bbox.width, text
        assert box.y1 <= figure.bbox.height, text
    for (one, here), (other, there) in combinations(boxes.items(), 2):
        assert not here.shrunk(0.9, 0.9).overlaps(there.shrunk(0.9, 0.9)), (one, other)


@pytest.mark.parametrize(
    ("xvalues", "width", "degrees"),
    [
        ("2018,2019,2020,2021,2022,2023,2024,2025,2026", "400", 0),
        ("2018,2019,2020,2021,2022,2023,2024,2025,2026", "800", 0),
        ("i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i", "400", 0),
        ("Everybody else,Nobody in particular,Somebody", "800", 0),
        ("Everybody else,Nobody in particular,Somebody", "400", 90),
    ],
)
def test_names_of_bars_are_turned_only_where_they_do_not_fit(
    xvalues: str, width: str, degrees: float, client: FlaskClient, figures: list[Figure]
) -> None:
    many = xvalues.count(",") + 1
    drawn(client, "bar", xvalues=xvalues, yvalues=",".join(["1"] * many), width=width)
    labels = figures[0].axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == xvalues.split(",")
    assert {label.get_rotation() for label in labels} == {degrees}


def test_a_phone_has_every_other_name_of_fifty(client: FlaskClient, figures: list[Figure]) -> None:
    numbers = list(map(str, range(50)))
    for width in ("800", "400"):
        drawn(client, "bar", xvalues=",".join(numbers), yvalues=",".join(numbers), width=width)
    shown = [[name.get_text() for name in one.axes[0].get_xticklabels()] for one in figures]
    assert shown == [numbers, numbers[::2]]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1200000", ["0", "200,000", "1,000,000", "1,200,000"]),
        ("-1200000", ["0", "\N{MINUS SIGN}1,200,000"]),
        ("0.3", ["0", "0.3"]),
        ("3", ["0", "1", "2", "3"]),
        ("1e20", ["0", "1e+20"]),
    ],
)
def test_numbers_have_thousands_separators(
    value: str, shown: list[str], client: FlaskClient, figures: list[Figure]
) -> None:
    drawn(client, "bar", xvalues="a", yvalues=value)
    axes = figures[0].axes[0]
    assert set(shown) <= {label.get_text() for label in axes.get_yticklabels()}
    assert axes.yaxis.get_offset_text().get_text() == ""


def test_bars_of_nothing_but_zero_say_so(client: FlaskClient, figures: list[Figure]) -> None:
    drawn(client, "bar", xvalues="a,b", yvalues="0,0")
    drawn(client, "bar", xvalues="a,b", yvalues="0,1")
    said = [[text.get_text() for text in words(figure)] for figure in figures]
    assert ["All values are zero" in one for one in said] == [True, False]


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ("3,2,1", ["A 0  50.0%", "A 1  33.3%", "A 2  16.7%"]),
        ("1,0", ["A 0  100.0%", "A 1  0.0%"]),
        ("2000,1", ["A 0  100.0%", "A 1  <0.1%"]),
        ("1e300,1e300", ["A 0  50.0%", "A 1  50.0%"]),
        # Of thirteen the eleven largest, where they stand.
        (
            "1,2,3,4,5,6,7,8,9,10,11,12,22",
            [f"A {n}  {n + 1}.0%" for n in range(2, 12)] + ["A 12  22.0%", "2 others  3.0%"],
        ),
    ],
)
def test_the_legend_has_the_share_of_each_slice(
    values: str, lines: list[str], client: FlaskClient, figures: list[Figure]
) -> None:
    labels = ",".join(f"A {number}" for number in range(values.count(",") + 1))
    drawn(client, "pie", values=values, labels=labels)
    (legend,) = figures[0].legends
    assert [text.get_text() for text in legend.get_texts()] == lines
    # A line of a legend is found by its colour.
    colours = [tuple(handle.get_facecolor()) for handle in legend.get_patches()]
    assert len({*colours}) == len(lines)


def test_a_pie_without_labels_has_no_legend(client: FlaskClient, figures: list[Figure]) -> None:
    drawn(client, "pie", values="3,2,1", title="Bowl")
    assert figures[0].legends == []
    assert [text.get_text() for text in words(figures[0])] == ["Bowl"]


@pytest.mark.parametrize(
    ("parameters", "size", "paper"),
    [
        ({}, (800, 450), (255, 253, 248)),
        ({"scale": "2"}, (1600, 900), (255, 253, 248)),
        ({"width": "400"}, (400, 400), (255, 253, 248)),
        ({"width": "400", "scale": "2", "theme": "dark"}, (800, 800), (28, 35, 36)),
    ],
)
def test_size_and_colours_are_parameters(
    parameters: dict[str, str],
    size: tuple[int, int],
    paper: tuple[int, int, int],
    client: FlaskClient,
) -> None:
    for picture in (
        drawn(client, "bar", xvalues="a,b", yvalues="1,2", **parameters),
        drawn(client, "pie", values="1,2", labels="a,b", **parameters),
    ):
        assert picture.size == size
        assert picture.getpixel((0, 0)) == paper


def test_twice_the_pixels_are_the_same_picture(client: FlaskClient) -> None:
    once, twice = (
        drawn(client, "bar", xvalues="a,b", yvalues="1,2", title="A week", scale=scale)
        for scale in ("1", "2")
    )
    difference = ImageChops.difference(once, twice.resize(once.size))
    assert max(ImageStat.Stat(difference).mean) < 2


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Contrast of two colours (WCAG 2.2, "contrast ratio")."""

    def luminance(colour: tuple[float, ...]) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_and_words_stand_out_from_the_paper(
    theme: str, client: FlaskClient, figures: list[Figure]
) -> None:
    kind, parameters = HARD["fifty slices"]
    drawn(client, kind, **parameters, theme=theme)
    (figure,) = figures
    (legend,) = figure.legends
    paper = to_rgb(figure.get_facecolor())
    for patch in legend.get_patches():
        assert contrast(to_rgb(patch.get_facecolor()), paper) >= 3
    for text in legend.get_texts():
        assert contrast(to_rgb(text.get_color()), paper) >= 7


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


@pytest.mark.parametrize(
    ("title", "header"),
    [
        ("Café Ω مرحبا", None),
        # Nobody's, and so in no font.
        ("a\U0010fffdb\U0010fffd\U0010fffe", "%F4%8F%BF%BD%F4%8F%BF%BE"),
        ("a\u200db", None),
    ],
)
def test_characters_that_are_boxes_are_named(
    title: str, header: str | None, client: FlaskClient, figures: list[Figure]
) -> None:
    response = client.get(
        "/charts/pie.png", query_string={"values": "1", "labels": "one", "title": title}
    )
    assert response.headers.get("Chart-Boxed") == header
    boxes = figures[0].get_suptitle().count("\N{WHITE SQUARE}")
    assert boxes == len(re.findall("[\U0010fffd\U0010fffe]", title))


REFUSED = {
    "bar": [
        ("xvalues=a&yvalues=1&width=401", {"width"}),
        ("xvalues=a&yvalues=1&width=&scale=3&theme=Dark", {"width", "scale", "theme"}),
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
        ("pie", {"values": "1", "width": "4_00"}, "must be 800 or 400"),
        ("pie", {"values": "1", "theme": "blue"}, "must be 'light' or 'dark'"),
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
    data = {"xvalues", "yvalues", "values", "labels", "title", "xlabel", "ylabel"}
    assert names == data | {"width", "scale", "theme"}


@pytest.mark.parametrize(
    "query",
    ["", "?values=1,2&labels=a,b&title=%C3%A4%20b+c%26", "?values=%FF", "?values=1&next=//x"],
)
@pytest.mark.parametrize("kind", ["bar", "pie"])
def test_b5_13_an_address_without_ending_leads_to_the_picture(
    kind: str, query: str, client: FlaskClient
) -> None:
    response = client.get(f"/charts/{kind}{query}")
    assert response.status_code == 308
    assert response.headers["Location"] == f"/charts/{kind}.png{query}"


def test_bytes_that_are_no_text_lead_there_too(client: FlaskClient) -> None:
    response = client.get("/charts/pie", environ_overrides={"QUERY_STRING": "values=\xff"})
    assert response.status_code == 308
    assert response.headers["Location"] == "/charts/pie.png?values=%EF%BF%BD"


def test_refused_in_a_browser_is_the_form_with_the_reasons(client: FlaskClient) -> None:
    query = {"xvalues": "a,b", "yvalues": "1,<x>", "title": "A <week>", "theme": "blue"}
    response = client.get("/charts/bar.png", query_string=query, headers=BROWSER)
    assert (response.status_code, response.mimetype) == (422, "text/html")
    assert response.headers["Cache-Control"] == "no-store"
    page = response.text
    fields = {found[1]: found[0] for found in re.finditer(r'<input id="bar-(\w+)"[^>]*>', page)}
    assert {name for name, field in fields.items() if 'aria-invalid="true"' in field} == {"yvalues"}
    assert 'value="1,&lt;x&gt;"' in fields["yvalues"]
    assert 'value="A &lt;week&gt;"' in fields["title"]
    assert 'value=""' in fields["xlabel"]
    assert 'aria-describedby="bar-yvalues-hint bar-yvalues-wrong"' in fields["yvalues"]
    said = re.search(r'id="bar-yvalues-wrong">([^<]*)<', page)
    assert said
    assert said[1] == "must be numbers, separated by commas"
    assert unescape(re.findall(r'<p class="wrong">([^<]*)<', page)[0]) == (
        "theme must be 'light' or 'dark'"
    )
    assert "/charts/pie.png" not in page


def test_refused_in_a_browser_behind_front_door_is_the_form_too(client: FlaskClient) -> None:
    # Front Door passes no `Accept` on.
    response = client.get("/charts/bar.png", headers={"Sec-Fetch-Dest": "document"})
    assert (response.status_code, response.mimetype) == (422, "text/html")


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, IN_A_PAGE, {"Sec-Fetch-Dest": "image"}])
def test_refused_elsewhere_is_a_problem_for_programs(
    headers: Mapping[str, str], client: FlaskClient
) -> None:
    response = client.get("/charts/bar.png", headers=headers)
    assert (response.status_code, response.mimetype) == (422, "application/problem+json")


def test_every_picture_of_the_page_is_there(client: FlaskClient) -> None:
    page = client.get("/charts").text
    pictures = re.findall(r"<picture>.*?</picture>", page, re.DOTALL)
    assert len(pictures) == 3
    for picture in pictures:
        tags = re.findall(r"<(?:source|img)[^>]*>", picture)
        assert [len(re.findall(r"/charts/\S+ [12]x", tag)) for tag in tags] == [2] * 4
    for tag in re.findall(r"<(?:source|img)[^>]*>", pictures[-1]):
        width, height = (int(n) for n in re.findall(r' (?:width|height)="(\d+)"', tag))
        for address, scale in re.findall(r"(/charts/\S+) ([12])x", unescape(tag)):
            size = Image.open(io.BytesIO(client.get(address).data)).size
            assert size == (width * int(scale), height * int(scale))


def test_an_address_is_shown_as_others_can_use_it() -> None:
    client = create_app(Settings(public_url="https://www.example.org")).test_client()
    page = client.get("/charts").text
    shown = re.findall(r'<p class="address"><a href="([^"]+)">([^<]+)</a>', page)
    assert len(shown) == 3
    for href, text in shown:
        assert href == text
        assert href.startswith("https://www.example.org/charts/")
        path = unescape(href.removeprefix("https://www.example.org"))
        assert client.get(path).mimetype == "image/png"
