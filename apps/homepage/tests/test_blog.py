"""The blog's newest posts: from RSS and Atom, and on bad days of the server that has the feed."""

import gzip
from collections.abc import Callable
from datetime import date

import httpx
import pytest
from homepage import create_app, fetch
from homepage.blog.feed import Post, parse
from homepage.blog.fetch import is_beside
from homepage.settings import Settings
from pydantic import ValidationError
from spreadsheet import Answer, Sheets, good
from test_bad_days import WITHOUT_END, in_time, limits
from werkzeug.test import TestResponse

pytest_plugins = ["spreadsheet"]

ADDRESS = "https://blog.example.org/feeds/all.xml"
RSS = b"""<?xml version="1.0" encoding="iso-8859-1"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<title>A blog</title><atom:link rel="self" href="/feeds/all.xml"/>
<link>https://blog.example.org/</link>
<item><title>Older</title><link> https://blog.example.org/older </link>
  <pubDate>Tue, 01 Sep 2026 23:30:00 -0700</pubDate></item>
<item><title><![CDATA[Gr\xf6\xdfe &amp; the &lt;dialog&gt;]]></title><link>/newer</link>
  <pubDate>Fri, 18 Sep 2026 10:00:00 GMT</pubDate></item>
<item><title>By its guid</title><guid>https://blog.example.org/guid</guid>
  <pubDate>some day</pubDate></item>
<item><title>No link</title><guid isPermaLink="false">urn:1</guid></item>
<item><link>https://blog.example.org/no-title</link></item>
<item><title>Script</title><link>javascript:alert(1)</link></item>
</channel></rss>"""
ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<title>A blog</title><link rel="self" href="https://blog.example.org/feeds/all.xml"/>
<link href="../"/>
<entry><title>Updated later</title><link rel="alternate" href="https://x.example/a"/>
  <published>2026-08-31T23:00:00-05:00</published><updated>2026-10-01T00:00:00Z</updated></entry>
<entry><title type="html">Now in &lt;em&gt;bold&lt;/em&gt; &amp;amp; שלום</title>
  <link rel="enclosure" href="https://x.example/mp3"/><link rel="alternate" href="b"/>
  <updated>2026-09-18T10:00:00.25Z</updated></entry>
<entry><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">In <b>parts</b></div></title>
  <link href="https://x.example/c"/></entry>
<entry><title/><link href="https://x.example/d"/></entry>
</feed>""".encode()


def test_rss_is_read() -> None:
    blog = parse(RSS, ADDRESS)
    assert blog.url == "https://blog.example.org/"
    assert blog.posts == (
        Post(
            title="Größe & the <dialog>",
            url="https://blog.example.org/newer",
            date=date(2026, 9, 18),
        ),
        # Where its author was, it was still the first.
        Post(title="Older", url="https://blog.example.org/older", date=date(2026, 9, 1)),
        Post(title="By its guid", url="https://blog.example.org/guid", date=None),
    )


def test_atom_is_read() -> None:
    blog = parse(ATOM, ADDRESS)
    assert blog.url == "https://blog.example.org/"
    assert blog.posts == (
        Post(
            title="Now in bold & שלום",
            url="https://blog.example.org/feeds/b",
            date=date(2026, 9, 18),
        ),
        Post(title="Updated later", url="https://x.example/a", date=date(2026, 8, 31)),
        Post(title="In parts", url="https://x.example/c", date=None),
    )


def test_a_title_without_an_end_is_cut() -> None:
    blog = parse(RSS.replace(b"Older", b"<![CDATA[" + b"<b>" * 400_000 + b"]]>"), ADDRESS)
    assert [len(post.title) for post in blog.posts] == [20, 200, 11]
    atom = ATOM.replace(b"Now in", b"&lt;b>x" * 200_000)
    assert [len(post.title) for post in parse(atom, ADDRESS).posts if "x" in post.title] == [100]


@pytest.mark.parametrize("day", ["", "Mon, 99 Sep 2026", "Fri, 18 Sep 99999999999 10:00 GMT", "x"])
def test_a_post_without_a_real_date_has_none(day: str) -> None:
    blog = parse(RSS.replace(b"Fri, 18 Sep 2026 10:00:00 GMT", day.encode()), ADDRESS)
    assert [post.date for post in blog.posts] == [date(2026, 9, 1), None, None]
    atom = parse(ATOM.replace(b"2026-09-18T10:00:00.25Z", day.encode()), ADDRESS)
    assert [post.date for post in atom.posts] == [date(2026, 8, 31), None, None]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{LAUGHS}]><rss><channel>&l9;</channel></rss>'
FILE = '<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/hostname">]><rss><channel>&f;</channel></rss>'
HUGE = b"<rss><channel>" + b" " * 2_000_000 + b"</channel></rss>"
BAD = {
    "gone": Answer(status=404),
    "broken": Answer(status=500, body=[b"oops"]),
    "a page": Answer(body=[b"<!doctype html><title>Sorry</title>"]),
    "another page": Answer(body=[b"<html><head><title>Sorry</title></head></html>"]),
    "JSON": Answer(body=[b'{"version": "https://jsonfeed.org/version/1.1", "items": []}']),
    "another list": Answer(body=[b"<opml version='2.0'><body/></opml>"]),
    "no channel": Answer(body=[b"<rss/>"]),
    "half of it": Answer(body=[RSS[:-20]]),
    "half the answer": Answer(body=[RSS[:500]], length=len(RSS)),
    "empty": Answer(),
    "no text": Answer(body=[b"\xff\xfe\x00"]),
    "no such encoding": Answer(body=[b"<?xml version='1.0' encoding='klingon'?><rss/>"]),
    "an encoding that is no text": Answer(body=[b"<?xml version='1.0' encoding='hex'?><rss/>"]),
    "nested": Answer(body=[b"<rss>" * 300_000]),
    "entities that grow": Answer(body=[BOMB.encode()]),
    "the same in UTF-16": Answer(body=[BOMB.encode("utf-16")]),
    "a file of ours": Answer(body=[FILE.encode()]),
    "huge": Answer(body=[HUGE]),
    "huge once unpacked": Answer(body=[gzip.compress(HUGE)], headers={"Content-Encoding": "gzip"}),
    "not packed": Answer(body=[b"x"], headers={"Content-Encoding": "gzip"}),
}


def first_page(settings: Settings) -> TestResponse:
    """The page of a site that has just started."""
    return create_app(settings).test_client().get("/")


def with_spreadsheet(sheets: Sheets) -> Settings:
    """Of a site that has everything from elsewhere."""
    return sheets.api().model_copy(update={"blog_feed": sheets.blog().blog_feed})


def is_without_blog(page: TestResponse) -> bool:
    """Return True if the page is all there but for the blog, and cacheable briefly."""
    kept = page.headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
    return (
        page.status_code == 200 and 'id="talks"' in page.text and "Blog" not in page.text and kept
    )


@pytest.mark.parametrize("body", [RSS, ATOM], ids=["RSS", "Atom"])
def test_the_newest_posts_are_on_the_first_page(body: bytes, sheets: Sheets) -> None:
    sheets.answer = lambda name: Answer(body=[body]) if name == "feed" else good(name)
    client = create_app(with_spreadsheet(sheets)).test_client()
    page = client.get("/")
    assert page.headers["Cache-Control"] == "public, max-age=0, s-maxage=3600"
    assert page.text.count("18 September 2026") == 1
    assert "All posts" in page.text
    assert "<dialog>" not in page.text
    assert "Blog" not in client.get("/talks").text
    assert [key for path, key in sheets.asked if path == "/feed"] == [None]


def test_five_posts_are_shown_and_a_feed_may_have_none(sheets: Sheets) -> None:
    item = b"<item><title>Once more</title><link>https://x.example/</link></item>"
    sheets.answer = lambda _: Answer(body=[b"<rss><channel>", item * 7, b"</channel></rss>"])
    page = first_page(sheets.blog())
    assert page.text.count("Once more") == 5
    assert "All posts" not in page.text  # the feed does not say where
    sheets.answer = lambda _: Answer(body=[b"<rss><channel/></rss>"])
    assert "Blog" not in first_page(sheets.blog()).text


def test_without_a_feed_there_is_no_blog() -> None:
    assert "Blog" not in first_page(Settings()).text


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
def test_whatever_the_feed_is_there_is_a_page(
    answer: Answer, sheets: Sheets, caplog: pytest.LogCaptureFixture
) -> None:
    sheets.answer = lambda _: answer
    assert is_without_blog(first_page(sheets.blog()))
    assert [record.message for record in caplog.records if record.name == "homepage.store"] == [
        "the blog's feed could not be read"
    ]


@pytest.mark.parametrize("text", [BOMB, FILE, "<!DOCTYPE rss><rss><channel/></rss>"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_entity_is_expanded(text: str, encoding: str) -> None:
    with pytest.raises(fetch.BadAnswerError, match="document type declaration"):
        parse(text.encode(encoding), ADDRESS)


def test_the_last_posts_are_kept(sheets: Sheets, monkeypatch: pytest.MonkeyPatch) -> None:
    sheets.answer = lambda name: Answer(body=[RSS]) if name == "feed" else good(name)
    client = create_app(with_spreadsheet(sheets)).test_client()
    assert "s-maxage=3600" in client.get("/").headers["Cache-Control"]
    store = client.application.extensions["blog"]
    sheets.answer = lambda name: Answer(status=500) if name == "feed" else good(name)
    store._fresh_until = store._due = 0
    page = client.get("/")
    assert "By its guid" in page.text
    assert page.headers["Cache-Control"] == "public, max-age=0, s-maxage=60"


@pytest.mark.parametrize("answer", WITHOUT_END)
def test_who_never_ends_is_left_in_time(
    answer: Callable[[Sheets], Answer], sheets: Sheets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it did is known then, also with a spreadsheet that does the same."""
    limits(monkeypatch, 0.3, 0.2)
    sheets.answer = lambda _: answer(sheets)
    app = create_app(with_spreadsheet(sheets))
    assert is_without_blog(in_time(lambda: app.test_client().get("/")))
    assert [app.extensions[name].problem for name in ("sheet", "blog")] == ["TimeoutError: "] * 2


def test_a_redirect_on_the_same_server_is_followed(sheets: Sheets) -> None:
    sheets.answer = lambda name: (
        Answer(body=[RSS]) if name == "moved" else Answer(status=301, headers={"Location": "moved"})
    )
    assert "By its guid" in first_page(sheets.blog()).text


@pytest.mark.parametrize(
    "location",
    [
        *("http://localhost:{port}/secret", "http://127.0.0.1:1/", "https://127.0.0.1:{port}/"),
        *("http://169.254.169.254/metadata/instance", "//[::1]:{port}/", "http://2130706433/"),
        *("https://example.org/", "file:///etc/hostname", "feed", "//", "http:"),
    ],
)
def test_no_redirect_leads_to_another_server_or_in_circles(
    location: str, sheets: Sheets, caplog: pytest.LogCaptureFixture
) -> None:
    target = location.format(port=sheets.server_port)
    sheets.answer = lambda _: Answer(status=307, headers={"Location": target})
    assert is_without_blog(first_page(sheets.blog()))
    assert {path for path, _ in sheets.asked} == {"/feed"}
    if target.startswith("http://1"):
        assert "set BLOG_FEED to it" in str(vars(caplog.records[0])["fields"])


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("https://blog.example/feed", True),
        ("http://blog.example/other", True),
        ("https://blog.example:8443/feed", False),
        ("http://blog.example:8080/feed", False),
        ("https://www.blog.example/feed", False),
        ("https://blog.example.evil.example/", False),
    ],
)
def test_https_of_the_same_host_is_the_same_server(target: str, allowed: bool) -> None:
    assert is_beside(httpx.URL(target), httpx.URL("http://blog.example/feed")) is allowed


def test_an_address_keeps_the_slash_at_its_end() -> None:
    assert (
        Settings(blog_feed="https://blog.example/feed/").blog_feed == "https://blog.example/feed/"
    )
    with pytest.raises(ValidationError, match="must be an address such as"):
        Settings(blog_feed="blog.example/feed")
