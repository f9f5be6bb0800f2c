"""Small parts by themselves: languages, simulated translation, drift, names, addresses."""

import asyncio
import itertools
import re
import unicodedata
import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from babel import Locale
from translator import callers, names
from translator.drift import drift
from translator.languages import CODES, ENGLISH, FOREIGN, LANGUAGES
from translator.rounds import MOST_HOPS
from translator.routes import pages
from translator.translation import offline
from translator.translation.offline import LISTED, Offline, WordList, language_of, word_list

pytestmark = pytest.mark.unit

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


def test_a_simulated_site_has_languages_for_the_longest_round() -> None:
    assert len(LISTED) >= MOST_HOPS
    assert {"ltr", "rtl"} == {LANGUAGES[code].direction for code in LISTED}


@pytest.mark.parametrize("code", LISTED)
def test_word_lists_lead_to_english_and_back(code: str) -> None:
    words = word_list(code)
    assert len(words.own) >= 300
    assert all(re.fullmatch("[A-Za-z]+", meaning) for meaning in words.own)
    # A word with spaces or signs in it would not be found again in a text.
    assert [word for word in words.english if not offline.WORD.fullmatch(word)] in ([], ["-"])
    assert not [word for word in words.english if unicodedata.normalize("NFC", word) != word]


def told(text: str, seed: int, *way: str) -> list[str]:
    async def all_hops() -> list[str]:
        made = [text]
        for source, target in itertools.pairwise(way):
            made.append((await Offline().translate(made[-1], source, target, seed=seed)).text)
        return made[1:]

    return asyncio.run(all_hops())


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two languages of a few words."""
    lists = {
        "de": WordList.parse(["- the", "Schloss castle lock", "rot red", "Bär bear"]),
        "he": WordList.parse(["טירה castle", "מנעול lock", "דוב bear", "אדום red"]),
    }

    def of(code: str) -> WordList:
        return lists.get(code, WordList({}, {}))

    monkeypatch.setattr(offline, "word_list", of)


@pytest.mark.usefixtures("words")
def test_words_are_translated_through_english() -> None:
    assert told("The bear's castle, red!", 1, "en", "de") == ["Bär Schloss, rot!"]
    assert told("red bears", 1, "en", "de", "he", "de") == ["Rot Bär", "אדום דוב", "Rot Bär"]
    ends = {told("the castle", seed, "en", "de", "he")[-1] for seed in range(50)}
    assert ends == {"טירה", "מנעול"}


@pytest.mark.usefixtures("words")
def test_english_words_come_back_in_one_of_their_forms() -> None:
    ends = {told("rot Bär", seed, "de", "en")[0] for seed in range(50)}
    assert ends == {"Red bear", "Red bears"}
    ends = {told("Bär", seed, "de", "en")[0] for seed in range(50)}
    assert ends == {"The bear", "Bears"}


@pytest.mark.usefixtures("words")
def test_what_no_list_has_stays() -> None:
    assert told("Rome, 42 🐌 bears", 1, "en", "de", "he") == ["Rome, 42 🐌 Bär", "Rome, 42 🐌 דוב"]
    assert told("the red bear", 1, "en", "ja", "de") == ["The red bear", "Rot Bär"]
    assert told("the", 1, "en", "de") == ["the"]  # a text is never empty


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(
    ("text", "target", "wanted"),
    [
        ("Rot Bär", "de", "de"),
        ("Rot bears", "de", "de"),
        ("rot bears dance", "de", "en"),
        ("Rot Bär", "fr", "en"),
        ("red bear", "en", "en"),
        ("🐌", "de", "en"),
    ],
)
def test_a_simulated_text_is_called_what_half_of_it_is(text: str, target: str, wanted: str) -> None:
    assert language_of(text, target) == wanted


def test_a_simulation_is_by_the_seed_alone() -> None:
    text = " ".join(list(word_list(LISTED[0]).own)[50:60])
    way = ("en", *LISTED, "en")
    assert told(text, 1, *way) == told(text, 1, *way)
    assert len({told(text, seed, *way)[-1] for seed in range(50)}) > 40


@pytest.mark.parametrize(
    "text", ["a", "!", "🐌", "日本語", "x" * 280, "no no no", "שלום", "1 2 3 4", "the " * 70]
)
def test_whatever_is_said_something_comes_back(text: str) -> None:
    for seed in range(10):
        made = told(text, seed, *("en", *LISTED, "ja", "en"))
        assert all(one.strip() for one in made)
        assert all(len(one) < 1000 for one in made)


def test_thirty_phrases_are_offered_the_same_all_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PHRASES", tuple(map(str, range(300))))
    day = date(2026, 11, 29)
    offered = pages.offered(day)
    assert len(set(offered)) == 30
    assert offered == pages.offered(day) != pages.offered(day + timedelta(1))
    monkeypatch.setattr(pages, "PHRASES", ("one", "two"))
    assert set(pages.offered(day)) == {"one", "two"}


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
