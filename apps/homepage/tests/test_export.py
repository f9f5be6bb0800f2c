"""The site as files: everything that its pages lead to is there, below a path too."""

import http.server
import re
import socketserver
import subprocess
import sys
import threading
from collections.abc import Generator
from functools import partial
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import httpx
import pytest
from content import CONTENT, SHOW_CONTENT
from homepage.pages import OWNER
from serving import PATIENCE
from spreadsheet import Answer, Sheets, good

pytest_plugins = ["spreadsheet"]
APP = Path(__file__).resolve().parents[1]
BELOW = "/some/path"
CSV = ("TALKS", "PROJECTS", "INTERVIEWS")


def export(
    folder: Path, base_url: str, *, before: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command that the guide gives, after the statements `before` in the same process."""
    run = f"{before}; import runpy; runpy.run_module('flask', run_name='__main__')"
    return subprocess.run(
        [
            sys.executable, *(("-c", run) if before else ("-m", "flask")), "--app", "homepage",
            "export", str(folder), "--base-url", base_url,
        ],
        cwd=APP, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def read(url: str) -> str:
    return httpx.get(url, timeout=PATIENCE).text


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class
        """Nothing."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of an exported site on a plain file server, below a path."""
    folder = tmp_path_factory.mktemp("host")
    with socketserver.ThreadingTCPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=folder), bind_and_activate=True
    ) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}{BELOW}"
        made = export(folder / BELOW.lstrip("/"), address, before=SHOW_CONTENT)
        assert made.returncode == 0, made.stderr
        yield f"{address}/"
        server.shutdown()
        thread.join()


def test_a5_15_every_page_and_link_works(root: str) -> None:
    seen: dict[str, httpx.Response] = {}
    todo = [root]
    with httpx.Client(timeout=PATIENCE) as client:
        while todo:
            url = todo.pop().partition("#")[0]
            if url in seen or urlsplit(url).netloc != urlsplit(root).netloc:
                continue
            assert url.startswith(root)
            assert "?" not in url
            answer = seen[url] = client.get(url)
            assert answer.status_code == 200, url
            if "html" in answer.headers["Content-Type"]:
                found = re.findall(r'(?:href|src)="([^"]+)"', answer.text)
                for sizes in re.findall(r'srcset="([^"]+)"', answer.text):
                    found += [size.split()[0] for size in sizes.split(",")]
            else:
                found = re.findall(r'(?:<loc>|<id>|href=")([^"<]+)', answer.text)
            todo += [urljoin(url, unescape(link)) for link in found]
    paths = {url.removeprefix(root) for url in seen}
    pages = {"", "talks/", "projects/", "interviews/", "charts/"}
    assert pages | {"feed.xml", "sitemap.xml"} <= paths
    charts = [answer.content for url, answer in seen.items() if "/charts/bar-" in url]
    # Two sizes, two densities, two schemes, and one for browsers that know of none.
    assert len(charts) == 9
    assert all(chart.startswith(b"\x89PNG") for chart in charts)


def test_what_needs_a_server_is_left_out(root: str) -> None:
    for path in ("", "charts/", "404.html", "robots.txt"):
        text = read(root + path)
        assert not re.search(rf"{BELOW}/(login|logout|account|me)\b|<form|<script|openapi", text)


def test_addresses_are_those_of_the_host(root: str) -> None:
    assert f'<link rel="canonical" href="{root}talks/">' in read(f"{root}talks/")
    assert f"Sitemap: {root}sitemap.xml" in read(f"{root}robots.txt")
    atom = "{http://www.w3.org/2005/Atom}"
    feed = ET.fromstring(read(f"{root}feed.xml"))  # noqa: S314  # our own
    assert feed.findtext(f"{atom}title") == OWNER
    assert len(feed.findall(f"{atom}entry")) == len(CONTENT.news)
    assert feed.findtext(f"{atom}entry/{atom}id", "").startswith(root)


def test_a_second_export_writes_the_same(tmp_path: Path) -> None:
    def files() -> dict[str, bytes]:
        return {
            str(file.relative_to(tmp_path)): file.read_bytes()
            for file in tmp_path.rglob("*")
            if file.is_file()
        }

    assert export(tmp_path, "https://www.example.org/").returncode == 0
    first = files()
    assert b'href="/talks/"' in first["index.html"]
    assert export(tmp_path, "https://www.example.org").returncode == 0
    assert files() == first


def test_a_spreadsheet_that_cannot_be_read_is_not_replaced_by_our_own(
    tmp_path: Path, sheets: Sheets
) -> None:
    """Else the made-up content would go out as the owner's."""
    sheets.answer = lambda _: Answer(status=403)
    folder = tmp_path / "site"
    variables = {
        "SHEET_ID": "id",
        "SHEETS_API_KEY": "key",
        "SHEETS_BASE_URL": sheets.address,
    }
    made = export(folder, "https://www.example.org", **variables)
    assert made.returncode == 1
    assert "the spreadsheet could not be read" in made.stderr.splitlines()[-1]
    assert "403" in made.stderr.splitlines()[-1]
    assert "Traceback" not in made.stderr
    assert not folder.exists()

    sheets.answer = good
    assert export(folder, "https://www.example.org", **variables).returncode == 0
    assert "Live talks" in (folder / "talks/index.html").read_text()


def test_a_blog_that_cannot_be_read_is_not_left_out(tmp_path: Path, sheets: Sheets) -> None:
    sheets.answer = lambda _: Answer(status=404)
    folder, feed = tmp_path / "site", f"{sheets.address}/feed"
    made = export(folder, "https://www.example.org", BLOG_FEED=feed)
    assert made.returncode == 1
    assert "the blog's feed could not be read (BadAnswerError: status 404)" in made.stderr
    assert "Traceback" not in made.stderr
    assert not folder.exists()

    post = b"<item><title>Fresh</title><link>https://blog.example.org/</link></item>"
    sheets.answer = lambda _: Answer(body=[b"<rss><channel>", post, b"</channel></rss>"])
    assert export(folder, "https://www.example.org", BLOG_FEED=feed).returncode == 0
    assert ">Fresh</a>" in (folder / "index.html").read_text()


def test_rows_that_are_left_out_are_named(tmp_path: Path, sheets: Sheets) -> None:
    sheets.answer = lambda name: Answer(body=[f"title,date\nOdd {name},soon\n".encode()])
    variables = {f"SHEET_CSV_{name}": f"{sheets.address}/{name}" for name in CSV}
    made = export(tmp_path, "https://www.example.org", **variables)
    assert made.returncode == 0
    assert sorted(re.findall(r"row 2 \(Odd (\w+)\) 'soon'", made.stderr)) == sorted(CSV)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "talks").write_text("a file where a folder has to be")
    made = export(tmp_path, "https://www.example.org")
    assert made.returncode == 1
    assert made.stderr.splitlines()[-1] == f"Error: {tmp_path}/talks cannot be written: File exists"
    assert "Traceback" not in made.stderr


@pytest.mark.parametrize(
    "base_url",
    [
        *("www.example.org", "ftp://x", "https://", ""),
        *("https://example.org/a?x=1", "https://example.org/#f", "https://example.org:abc/"),
        "https://exa mple.org",
    ],
)
def test_a_wrong_address_is_refused(base_url: str, tmp_path: Path) -> None:
    made = export(tmp_path / "site", base_url)
    assert made.returncode == 2
    assert "--base-url" in made.stderr
    assert "Traceback" not in made.stderr
    assert not (tmp_path / "site").exists()
