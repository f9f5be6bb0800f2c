"""Record of a page's requests, messages and errors in a browser."""

from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response


class Record:
    """Answers to a page's requests, its complaints, and where it asked, since it was opened."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.responses: list[Response] = []
        self.complaints: list[str] = []
        self.origins: set[str] = set()
        page.on("request", self._on_request)
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_failure)
        page.on("console", self._on_console)
        page.on("pageerror", self._on_error)

    def _on_request(self, request: Request) -> None:
        self.origins.add(_origin(request.url))

    def _on_response(self, response: Response) -> None:
        self.responses.append(response)

    def _on_failure(self, request: Request) -> None:
        # The icon comes after the page has loaded, and whoever is quick goes on without it.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.complaints.append(f"{request.url}: {request.failure}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _on_error(self, error: Error) -> None:
        self.complaints.append(str(error))

    def from_cache(self) -> bool:
        """True if the edge served page and style from its cache."""
        told = {
            r.request.resource_type: r.header_value("x-cache") or ""
            for r in self.responses
            if r.request.resource_type in {"document", "stylesheet"}
        }
        return len(told) == 2 and all("HIT" in value for value in told.values())

    def assert_clean(self, *expected: int, cookies: Collection[str] = ()) -> None:
        """Every request was to the page's own site, answered 200 or as expected.

        No cookie was set but those named.

        The browser complains of each failed document, so complaints are looked at where none is
        expected to fail.
        """
        assert self.origins == {_origin(self.page.url)}
        assert {r.status for r in self.responses} == {200, *expected}
        assert {cookie.get("name") for cookie in self.page.context.cookies()} == set(cookies)
        if not cookies:
            assert {r.header_value("set-cookie") for r in self.responses} == {None}
        if not [status for status in expected if status >= 400]:
            assert self.complaints == []

    def views(self) -> Iterator[tuple[int, str]]:
        """Show the page on a phone and a desk, light and dark, and then as it was.

        One page for all: to load it again would take longer than to look at it.
        """
        before = self.page.viewport_size
        for width in (390, 1280):
            for scheme in ("light", "dark"):
                self.page.set_viewport_size({"width": width, "height": 800})
                self.page.emulate_media(color_scheme=scheme)
                yield width, scheme
        self.page.set_viewport_size(before)
        self.page.emulate_media(color_scheme="null")

    def assert_fits(self) -> None:
        """In each view nothing is wider than the window, and every text stands out.

        4.5 is the contrast with what is behind it that WCAG 2.2 asks for (1.4.3, level AA).
        """
        for view in self.views():
            width, dark, faint = self.page.evaluate(_LOOK)
            assert dark == (view[1] == "dark")
            assert width <= view[0], view
            assert faint == [], view


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


_LOOK = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => channels(color).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (channels(color)[3] !== 0) return color;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(0,0,0)" : "rgb(255,255,255)";
  };
  const faint = [];
  for (const element of document.body.querySelectorAll("*")) {
    if (![...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [low, high] = [getComputedStyle(element).color, behind(element)].map(light)
      .sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < 4.5) faint.push(element.textContent.trim());
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return [document.documentElement.scrollWidth, dark, faint];
}"""
