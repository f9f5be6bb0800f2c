"""Client of the public Retail Prices API, with paging and retries.

Its behaviour, as Microsoft documents it (learn.microsoft.com, Azure Retail Prices overview,
read 2026-11-24) and as recorded answers show: 1,000 items a page and a NextPageLink, null at the
end; 429 in a burst; from 2023-01-01-preview on, values in a filter are case-sensitive, and a wrong
case is an empty answer with status 200.
"""

import datetime as dt
import json
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Final, Literal

import httpx
from pydantic import BaseModel, Field, ValidationError

from frugal.cost.prices.listing import Item
from frugal.errors import FrugalError

ADDRESS: Final = "https://prices.azure.com/api/retail/prices"
API_VERSION: Final = "2023-01-01-preview"

_TIMEOUT: Final = 30.0
_ATTEMPTS: Final = 5
_LONGEST_WAIT: Final = 120.0
_MOST_PAGES: Final = 100
_OK: Final = 200
_AGAIN: Final = (429, 500, 502, 503, 504)


class UnavailableError(FrugalError):
    """The API gave no usable answer; the message has the reason and the next step."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why} No price was changed; try again later.")


class RetailPrices:
    """A session with the API at `address`. `pause` waits for a number of seconds."""

    def __init__(
        self,
        address: str = ADDRESS,
        *,
        timeout: float = _TIMEOUT,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._address = _url(address)
        self._client = httpx.Client(timeout=timeout, headers={"Accept": "application/json"})
        self._pause = pause

    def close(self) -> None:
        """End the session."""
        self._client.close()

    def items(self, wanted: Mapping[str, str]) -> list[Item]:
        """Return every item whose fields equal `wanted` (case-sensitive), from all pages.

        Numbers come as Decimals. Raises UnavailableError.
        """
        terms = (f"{field} eq {_quoted(value)}" for field, value in wanted.items())
        url = self._address.copy_merge_params(
            {
                "api-version": API_VERSION,
                "currencyCode": "USD",
                "$filter": " and ".join(terms),
            }
        )
        found: list[Item] = []
        seen: set[httpx.URL] = set()
        while True:
            seen.add(url)
            page = self._page(url)
            found += page.items
            if not page.link:
                return found
            url = self._next(page.link)
            if url in seen or len(seen) == _MOST_PAGES:
                raise UnavailableError(f"{self._host} gives pages without end ({url}).")

    @property
    def _host(self) -> str:
        return self._address.netloc.decode()

    def _next(self, link: str) -> httpx.URL:
        """The next page, which must be on the same host."""
        here = self._address
        try:
            url = httpx.URL(link)
        except httpx.InvalidURL:
            url = None
        if url is None or (url.scheme, url.host, url.port) != (here.scheme, here.host, here.port):
            raise UnavailableError(
                f"{self._host} links to {link}, which is not its own and not followed."
            )
        return url

    def _page(self, url: httpx.URL) -> "_Page":
        """Request one page; retry without an answer or if it asks for a later try."""
        trouble = ""
        for attempt in range(_ATTEMPTS):
            wait = 2.0**attempt
            try:
                answer = self._client.get(url)
            except httpx.ConnectError as error:
                raise UnavailableError(f"{self._host} cannot be reached: {error}.") from error
            except httpx.TransportError as error:
                trouble = f"no whole answer ({type(error).__name__})"
            else:
                if answer.status_code == _OK:
                    return _parsed(url, answer)
                trouble = f"status {answer.status_code}"
                if answer.status_code not in _AGAIN:
                    break
                wait = _asked_wait(answer, wait)
                if wait > _LONGEST_WAIT:
                    trouble += f" and a wait of {wait:.0f} seconds asked for"
                    break
            if attempt + 1 < _ATTEMPTS:
                self._pause(wait)
        raise UnavailableError(f"{self._host} gave {trouble} for {url}.")


class _Page(BaseModel):
    """The envelope of a response."""

    items: list[Item] = Field(alias="Items")
    link: str | None = Field(None, alias="NextPageLink")
    currency: Literal["USD"] = Field(alias="BillingCurrency")


def _parsed(url: httpx.URL, answer: httpx.Response) -> _Page:
    try:
        body: object = json.loads(
            answer.content, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number
        )
    except ValueError as error:
        raise UnavailableError(f"The answer to {url} is not JSON.") from error
    try:
        return _Page.model_validate(body)
    except ValidationError as error:
        raise UnavailableError(f"The answer to {url} is not a list of prices in USD.") from error


def _url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise FrugalError(f"{text!r} is no address: {error}.", code=2) from error
    if url.scheme not in ("http", "https") or not url.host:
        raise FrugalError(f"{text!r} is no address; it must be like {ADDRESS}.", code=2)
    return url


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _asked_wait(answer: httpx.Response, otherwise: float) -> float:
    """Seconds of a Retry-After header, a number or a date."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return otherwise
    if until.tzinfo is None:
        return otherwise
    return max(0.0, (until - dt.datetime.now(dt.UTC)).total_seconds())


def _no_number(text: str) -> object:
    raise ValueError(text)
