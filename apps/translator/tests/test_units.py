"""Small parts by themselves: languages, letters, distortion, drift, names, addresses."""

import asyncio
import itertools
import uuid
from typing import TYPE_CHECKING, Any, cast

import pytest
from babel import Locale
from translator import callers, names
from translator.drift import drift
from translator.languages import CODES, ENGLISH, FOREIGN, LANGUAGES
from translator.translation import scripts
from translator.translation.offline import Offline

if TYPE_CHECKING:
    from starlette.types import Scope


def test_about_seventy_languages_as_babel_knows_them() -> None:
    assert len(FOREIGN) == len(CODES) == 73
    assert ENGLISH in LANGUAGES
    for language in LANGUAGES.values():
        locale = Locale.parse(language.code, sep="-")
        assert locale.get_display_name("en") == language.english
        assert locale.get_display_name() == language.native
        assert locale.text_direction == language.direction
    assert {one.code for one in FOREIGN if one.direction == "rtl"} == {"ar", "fa", "he", "ur"}


def test_the_codes_are_the_services_of_today() -> None:
    assert {"zh-Hans", "zh-Hant", "sr-Cyrl", "sr-Latn", "nb", "mn-Cyrl", "fil"} <= set(CODES)
    assert not {"zh", "sr", "no", "mn"} & set(CODES)


@pytest.mark.parametrize("language", [one for family in scripts.ALPHABETS for one in family])
def test_other_letters_can_be_read_back(language: str) -> None:
    text = "the quick brown fox jumps over the lazy dog, 42!"
    written = scripts.write(text, language)
    assert not any("a" <= letter <= "z" for letter in written)
    assert scripts.read(written, language) == text
    assert len(set(written)) == len(set(text))


def told(text: str, seed: int, way: str = "en de el ar en") -> list[str]:
    async def all_hops() -> list[str]:
        made, codes = [text], way.split()
        for source, target in itertools.pairwise(codes):
            made.append((await Offline().translate(made[-1], source, target, seed=seed)).text)
        return made[1:]

    return asyncio.run(all_hops())


def test_distortion_is_by_the_seed_alone() -> None:
    text = "All that glitters is not gold."
    assert told(text, 1) == told(text, 1)
    ends = {told(text, seed)[-1] for seed in range(50)}
    assert len(ends) > 20
    assert all("a" <= end.casefold()[0] <= "z" for end in ends)


@pytest.mark.parametrize(
    "text", ["a", "!", "🐌", "日本語", "x" * 280, "no no no", "שלום", "1 2 3 4"]
)
def test_whatever_is_said_something_comes_back(text: str) -> None:
    for seed in range(40):
        made = told(text, seed, "en de el ar fr ru he ja en")
        assert all(one.strip() for one in made)
        assert all(len(one) < 500 for one in made)


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        ("Hello, world!", "hello world", 0),
        ("It's late", "It\u2019s late", 0),
        ("one two three four", "one two", 33),
        ("one two three four", "four three two one", 75),
        ("hello", "goodbye", 100),
        ("🐌", "🐌", 0),
        ("🐌", "🐢", 100),
        ("?!", "?!", 0),
    ],
)
def test_drift(start: str, end: str, wanted: int) -> None:
    assert drift(start, end) == drift(end, start) == wanted


def test_a_visitor_keeps_their_name() -> None:
    somebody = uuid.uuid4()
    assert names.for_visitor(somebody) == names.for_visitor(somebody)
    assert {names.for_visitor(uuid.uuid4()) for _ in range(2000)} == set(names.NAMES)


def identified(headers: dict[str, str], front_door: str | None = None) -> tuple[str, str]:
    scope = {
        "type": "http",
        "scheme": "http",
        "client": ("10.0.0.1", 1),
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
    }
    callers.identify(cast("Scope", scope), uuid.UUID(front_door) if front_door else None)
    client: Any = scope["client"]
    return client[0], cast("str", scope["scheme"])


EDGE = "55ce4ed1-4b06-4bf1-b40e-4638452104da"


@pytest.mark.parametrize(
    ("headers", "edge", "wanted"),
    [
        ({}, None, ("10.0.0.1", "http")),
        ({"X-Forwarded-For": "192.0.2.1"}, None, ("192.0.2.1", "http")),
        ({"X-Forwarded-For": "1.1.1.1, 192.0.2.1:4711"}, None, ("192.0.2.1", "http")),
        ({"X-Forwarded-For": "1.1.1.1,[2001:db8::1]:4711"}, None, ("2001:db8::1", "http")),
        ({"X-Forwarded-For": "2001:db8::1"}, None, ("2001:db8::1", "http")),
        ({"X-Forwarded-Proto": "https"}, None, ("10.0.0.1", "https")),
        ({"X-Forwarded-Proto": "http, HTTPS"}, None, ("10.0.0.1", "https")),
        ({"X-Forwarded-Proto": "gopher"}, None, ("10.0.0.1", "http")),
        ({"X-Azure-FDID": EDGE, "X-Azure-SocketIP": "192.0.2.9"}, None, ("10.0.0.1", "http")),
        ({"X-Azure-FDID": EDGE, "X-Azure-SocketIP": "192.0.2.9"}, EDGE, ("192.0.2.9", "http")),
        ({"X-Azure-FDID": "x", "X-Azure-SocketIP": "192.0.2.9"}, EDGE, ("10.0.0.1", "http")),
    ],
)
def test_who_is_asking(headers: dict[str, str], edge: str | None, wanted: tuple[str, str]) -> None:
    assert identified(headers, edge) == wanted
