"""The spreadsheet on good days, by the API and as published CSV."""

from homepage import create_app
from spreadsheet import KEY, Answer, Sheets, good_csv, values

pytest_plugins = ["spreadsheet"]


def test_a5_2_b2_7_live_data_are_on_the_pages(sheets: Sheets) -> None:
    client = create_app(sheets.api()).test_client()
    for name in ("talks", "projects", "interviews"):
        page = client.get(f"/{name}")
        assert f"Live {name}" in page.text
        assert "Hidden" not in page.text
        assert page.headers["Cache-Control"] == "public, max-age=0, s-maxage=3600"
    assert client.get("/readyz").json == {"status": "ok", "content": "live"}
    # Once for all pages, with the key in a header and never in the address.
    prefix = "/v4/spreadsheets/id%20with%2Fodd/values/"
    assert sorted(sheets.asked) == [
        (f"{prefix}{name}", KEY) for name in ("interviews", "projects", "talks")
    ]


def test_b2_3_ragged_rows_are_taken(sheets: Sheets) -> None:
    rows = values(["title", "date", "tags", "slides"], [], ["A"], ["B", None, 7], [True, {}, []])
    sheets.answer = lambda _name: Answer(body=[rows])
    page = create_app(sheets.api()).test_client().get("/talks")
    assert "s-maxage=3600" in page.headers["Cache-Control"]
    assert all(f">{title}</h3>" in page.text for title in ("A", "B", "True"))


def test_published_csv_needs_no_key(sheets: Sheets) -> None:
    sheets.answer = good_csv
    page = create_app(sheets.csv()).test_client().get("/talks")
    assert "Live, talks" in page.text
    assert "Short" in page.text
    assert sorted(sheets.asked) == [("/interviews", None), ("/projects", None), ("/talks", None)]
