"""Requests to a site in the homepage's tests: to its edge, its addresses, its links."""

import re
from html import unescape
from urllib.parse import urljoin

import httpx
import psutil

from tests.environment import Environment, get

PATIENCE = 60
"""Seconds; what is waited for comes at once, unless the machine is busy."""


def kept_by_the_edge(url: str) -> tuple[httpx.Response, httpx.Response]:
    """The first answer, and one from the cache: what was there may just have been too old."""
    first = get(url)
    assert first.status_code == 200, url
    others = [get(url) for _ in range(2)]
    kept = [one for one in others if one.headers["x-cache"] == "TCP_HIT"]
    assert kept, (url, *(one.headers for one in others))
    assert kept[-1].content == first.content
    return first, kept[-1]


def assert_never_kept(answer: httpx.Response) -> None:
    assert answer.headers["cache-control"] == "no-store"
    assert "HIT" not in answer.headers["x-cache"]
    assert "etag" not in answer.headers


def declared_host(environment: Environment) -> str:
    """The host name that the edge has on Azure."""
    found = environment.status()
    return next(host for host, url in found["hosts"].items() if url == found["urls"]["homepage"])


def front_door_id(environment: Environment) -> str:
    """The Front Door id in the app's settings, different in each environment."""
    pid, *_ = environment.pids("homepage")
    return psutil.Process(pid).environ()["FRONT_DOOR_ID"]


def style_of(url: str) -> str:
    """The address of a site's sheet of style, which may be kept for a year."""
    found = re.search(r'<link rel="stylesheet" href="([^"]+)"', get(url).text)
    assert found
    return urljoin(url, found[1])


def crawl(root: str, *, own: str) -> set[str]:
    """Follow every link from `root`, where addresses below `own` are; gives the paths."""
    seen: set[str] = set()
    todo = [root]
    while todo:
        url = todo.pop().replace(own, root).partition("#")[0]
        if not url.startswith(root) or url in seen:
            continue
        seen.add(url)
        answer = get(url)
        assert answer.status_code == 200, url
        links = re.findall(r'(?:(?:href|src)="|<loc>|<id>)([^"<]+)', answer.text)
        todo += [urljoin(url, unescape(link)) for link in links]
    return {url.removeprefix(root) for url in seen}
