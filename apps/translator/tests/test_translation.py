"""Translating: by Azure on good and bad days, from memory, within the budget, or not at all."""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from conftest import Serve
from identity import Identity
from playing import begin, events, finished, play
from postgres import ROLE, Postgres
from translator.database import Database
from translator.settings import DatabaseSettings
from translator.translation import (
    BusyError,
    QuotaError,
    RefusedError,
    Translating,
    Translation,
    TranslationError,
    interpreter,
)
from translator.translation import azure as azure_module
from translator.translation.azure import Azure
from translator.translation.interpreter import Interpreter
from translators import Answer, Translator, error, good


@pytest.fixture
def translator(postgres: Postgres) -> Iterator[Translator]:
    postgres.clear()
    fake = Translator()
    yield fake
    fake.close()


@pytest.fixture
def azure(translator: Translator, serve: Serve) -> httpx.Client:
    """A client of an app that has its texts translated."""
    return serve(**translator.environment()).client


# The provider by itself


@pytest.fixture
def ask(
    translator: Translator, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Translation]:
    for name, value in identity.environment().items():
        monkeypatch.setenv(name, value)

    async def one() -> Translation:
        provider = Azure(
            translator.environment()["TRANSLATOR_ENDPOINT"],
            identity.environment()["AZURE_CLIENT_ID"],
        )
        try:
            return await provider.translate("hello", "en", "fr", seed=1)
        finally:
            await provider.close()

    return lambda: asyncio.run(one())


def test_it_asks_as_the_reference_says_with_a_token(
    ask: Callable[[], Translation], translator: Translator, identity: Identity
) -> None:
    assert ask() == Translation("fr:hello", "azure")
    (asked,) = translator.asked
    assert (asked.text, asked.source, asked.target) == ("hello", "en", "fr")
    assert identity.translator_tokens == [asked.token]


def test_what_stands_in_for_azure_says_so(
    ask: Callable[[], Translation], translator: Translator
) -> None:
    translator.behave = lambda asked: good(asked, X_Frugal_Simulated="true")
    assert ask() == Translation("fr:hello", "azure-simulated")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(429, 429001, Retry_After="7"), BusyError),
        (error(429, 429000), BusyError),
        (error(403, 403001), QuotaError),
        (error(403, 403000), TranslationError),
        (error(401, 401000), TranslationError),
        (error(400, 400036), RefusedError),
        (error(500, 500000), TranslationError),
        (error(503, 503000), TranslationError),
        (Answer(502, b"<html>Bad Gateway</html>"), TranslationError),
        (Answer(200, b"<html>hello</html>"), TranslationError),
        (Answer(200, []), TranslationError),
        (Answer(200, b'[{"translations": []}]'), TranslationError),
        (Answer(200, [{"translations": [{"text": "", "to": "fr"}]}]), TranslationError),
        (Answer(200, [{"translations": [{"text": " ", "to": "fr"}]}]), TranslationError),
        (Answer(200, [{"translations": [{"text": 7}]}]), TranslationError),
        (Answer(200, {"error": {"code": 400000}}), TranslationError),
        (Answer(204, b""), TranslationError),
    ],
)
def test_bad_days_are_told_apart(
    answer: Answer,
    kind: type[TranslationError],
    ask: Callable[[], Translation],
    translator: Translator,
) -> None:
    translator.behave = lambda _: answer
    with pytest.raises(TranslationError) as failure:
        ask()
    assert type(failure.value) is kind
    if isinstance(failure.value, BusyError):
        assert failure.value.seconds == float(answer.headers.get("Retry_After", "2"))


def test_nobody_there_and_no_token_are_bad_days_too(
    ask: Callable[[], Translation], translator: Translator, identity: Identity
) -> None:
    identity.broken = True
    with pytest.raises(TranslationError, match="no token"):
        ask()
    identity.broken = False
    translator.close()
    with pytest.raises(TranslationError, match="no answer"):
        ask()


# The interpreter, with a real database and providers of every mood


class Moody:
    """Fails in these ways, one after the other, then translates."""

    def __init__(self, *moods: TranslationError) -> None:
        self.moods = list(moods)
        self.calls = 0

    async def translate(self, text: str, source: str, target: str, *, seed: int) -> Translation:
        self.calls += 1
        assert (source, seed) == ("en", 1)
        if self.moods:
            raise self.moods.pop(0)
        return Translation(f"{target}:{text}", "azure")


class Session:
    """Asks an interpreter, hop after hop, and keeps what the players are told."""

    def __init__(
        self, postgres: Postgres, provider: Translating | None, *, budget: int = 1000
    ) -> None:
        self.told: list[str | None] = []
        self._environment = postgres.environment() | {"PGPASSWORD": _PASSWORD}
        self._provider = provider
        self._budget = budget

    def hops(
        self,
        *texts: str,
        message: str = "hello",
        simulated: bool = False,
        then: Callable[[str], None] = print,
    ) -> list[Translation]:
        """Each text from English to French; `then` is called after each."""
        # libpq would take these for other connections of this process too.
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._environment.items():
                patch.setenv(name, value)
            return asyncio.run(self._hops(texts, message, simulated=simulated, then=then))

    async def _hops(
        self, texts: Sequence[str], message: str, *, simulated: bool, then: Callable[[str], None]
    ) -> list[Translation]:
        async def say(notice: str | None) -> None:
            self.told.append(notice)

        database = Database(DatabaseSettings())  # pyright: ignore[reportCallIssue]  # from the environment
        asked = Interpreter(database, self._provider, characters_per_day=self._budget)
        made: list[Translation] = []
        try:
            for text in texts:
                made.append(
                    await asked.translate(
                        text,
                        "en",
                        "fr",
                        message=message,
                        seed=1,
                        simulated=simulated,
                        say=say,
                    )
                )
                then(text)
        finally:
            await database.close()
        return made


_PASSWORD = "for-this-test"


@pytest.fixture
def database(postgres: Postgres) -> Postgres:
    """The app's database, for what runs in this process."""
    postgres.clear()
    postgres.administer(f"ALTER ROLE {ROLE} PASSWORD '{_PASSWORD}'")
    return postgres


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The interpreter's clock, in this process."""
    made = Clock()
    monkeypatch.setattr(interpreter, "monotonic", made.monotonic)
    monkeypatch.setattr(interpreter, "sleep", made.sleep)
    return made


def characters(postgres: Postgres) -> int:
    found = postgres.ask("SELECT used FROM usage WHERE kind = 'characters'")
    return found[0][0] if found else 0


def test_without_azure_nothing_is_asked_and_nothing_said(database: Postgres) -> None:
    session = Session(database, None)
    (made,) = session.hops("hello")
    assert made.provider == "offline"
    assert session.told == []
    assert characters(database) == 0


def test_what_was_translated_is_remembered(database: Postgres) -> None:
    provider = Moody()
    first, again, other = Session(database, provider).hops("hello", "hello", "hello!")
    assert first == again == Translation("fr:hello", "azure")
    assert other.text == "fr:hello!"
    assert provider.calls == 2
    assert characters(database) == len("hello") + len("hello!")
    assert Session(database, provider).hops("hello") == [first]  # another process
    assert provider.calls == 2


def test_a_hiccup_is_said_and_over(database: Postgres, clock: Clock) -> None:
    provider = Moody(BusyError("429", 7), TranslationError("500"), TranslationError("500"))
    session = Session(database, provider)
    assert session.hops("hello")[0].provider == "azure"
    assert session.told == [interpreter.WAITING, None]
    assert clock.slept == [7, 1.0, 2.0]  # as it was asked to, then twice as long each time
    assert characters(database) == len("hello")


def test_whoever_fails_for_long_is_left_alone_then_asked_again(
    database: Postgres, clock: Clock
) -> None:
    provider = Moody(*[TranslationError("500")] * 100)
    session = Session(database, provider)
    calls: list[int] = []

    def then(text: str) -> None:
        calls.append(provider.calls)
        if text == "one":
            assert sum(clock.slept) <= interpreter.PATIENCE
        if text == "two":  # it is well again, and its rest is over
            provider.moods.clear()
            clock.now += interpreter.REST

    made = session.hops("one", "two", "three", then=then)
    assert [one.provider for one in made] == ["offline", "offline", "azure"]
    assert calls[0] > 1
    assert calls == [calls[0], calls[0], calls[0] + 1]
    assert session.told == [interpreter.WAITING, interpreter.AWAY, interpreter.AWAY]


def test_a_hop_is_over_and_the_translator_asked_again_within_thirty_seconds() -> None:
    answer = azure_module.TIMEOUT.read
    assert answer is not None
    assert interpreter.PATIENCE + answer < 30
    assert interpreter.REST + answer < 30


@pytest.mark.parametrize(
    ("mood", "notice", "calls"),
    [
        (QuotaError("403001"), interpreter.QUOTA, 1),
        (RefusedError("400036"), interpreter.REFUSED, 2),
        (BusyError("429", 3600), interpreter.AWAY, 1),
    ],
)
def test_what_waiting_does_not_help_is_not_waited_for(
    mood: TranslationError, notice: str, calls: int, database: Postgres
) -> None:
    provider = Moody(mood)
    session = Session(database, provider)
    first, _ = session.hops("hello", "goodbye")
    assert first.provider == "offline"
    assert session.told[0] == notice
    assert provider.calls == calls  # only an unknown language is no reason to leave it alone


def test_the_budget_is_spent_and_not_one_character_more(database: Postgres) -> None:
    provider = Moody()
    session = Session(database, provider, budget=12)
    made = session.hops("12345", "67890", "abc", "de", "f")
    assert [one.provider for one in made] == ["azure", "azure", "offline", "azure", "offline"]
    assert characters(database) == 12
    assert session.told == [interpreter.BUDGET, interpreter.BUDGET]


def test_a_simulated_round_stays_simulated(database: Postgres) -> None:
    provider = Moody()
    assert Session(database, provider).hops("hello", simulated=True)[0].provider == "offline"
    assert provider.calls == 0


def test_a_simulation_in_mid_round_begins_with_the_message(database: Postgres) -> None:
    session = Session(database, Moody(QuotaError("403001")))
    (made,) = session.hops("xx:genuine", message="Rome!")
    assert made == Translation("Rome!", "offline")
    (made,) = session.hops("then on", message="Rome!", simulated=True)
    assert "Rome" not in made.text


# The whole app


def test_a_round_is_translated_hop_by_hop(azure: httpx.Client, translator: Translator) -> None:
    round_ = play(azure, hops=3, languages=["de", "zh-Hant", "ar"])
    assert [hop["text"] for hop in round_["hops"]] == [
        *("de:hello", "zh-Hant:hello", "ar:hello", "en:hello"),
    ]
    assert {hop["provider"] for hop in round_["hops"]} == {"azure"}
    assert "notice" not in round_
    assert [hop["lang"] for hop in round_["hops"]] == ["de", "zh-Hant", "ar", "en"]
    assert places_that_say_simulated(azure, round_) == []
    assert [(one.source, one.target) for one in translator.asked] == [
        *(("en", "de"), ("de", "zh-Hant"), ("zh-Hant", "ar"), ("ar", "en")),
    ]
    play(azure, hops=3, languages=["de", "zh-Hant", "ar"])
    assert len(translator.asked) == 4


def places_that_say_simulated(client: httpx.Client, round_: dict[str, Any]) -> list[str]:
    """`top` for the note above the hops, and the numbers of labelled hops."""
    page = client.get(f"/rounds/{round_['id']}").text
    top, _, rest = page.partition('<ol id="hops"')
    hops = rest.partition("</ol>")[0].split("<li>")[1:]
    shown = re.search(r'<p id="simulated" class="hint" (hidden)?\s*>', top)
    assert shown, top
    found = [] if shown[1] else ["top"]
    return found + [str(n) for n, hop in enumerate(hops, 1) if '<span class="label">' in hop]


def test_a_round_that_nobody_translates_says_so_once(
    azure: httpx.Client, translator: Translator
) -> None:
    translator.behave = lambda asked: good(asked, X_Frugal_Simulated="true")
    round_ = play(azure, hops=2)
    assert {hop["provider"] for hop in round_["hops"]} == {"azure-simulated"}
    assert {hop["lang"] for hop in round_["hops"]} == {"en"}
    assert places_that_say_simulated(azure, round_) == ["top"]


def test_while_it_hiccups_the_page_says_so_and_the_round_goes_on(
    azure: httpx.Client, translator: Translator
) -> None:
    translator.behave = lambda _: error(429, 429001, Retry_After="1")
    begun = begin(azure, hops=1)
    seen: list[tuple[str, Any]] = []
    for name, _, data in events(azure, begun["id"]):
        seen.append((name, data))
        if name == "notice" and data["text"]:
            page = azure.get(f"/rounds/{begun['id']}")
            assert interpreter.WAITING in page.text
            assert page.headers["Cache-Control"] == "no-store"
            assert azure.get("/readyz").status_code == azure.get("/healthz").status_code == 200
            translator.behave = good
    assert [data["text"] for name, data in seen if name == "notice"] == [interpreter.WAITING, None]
    assert [name for name, _ in seen if name != "notice"] == ["hop", "hop", "done"]
    done = seen[-1][1]
    assert {hop["provider"] for hop in done["hops"]} == {"azure"}
    assert "notice" not in done


def test_when_the_quota_is_spent_in_mid_round_it_says_where_it_became_simulated(
    azure: httpx.Client, translator: Translator
) -> None:
    translator.behave = lambda asked: (
        good(asked) if len(translator.asked) < 3 else error(403, 403001)
    )
    round_ = play(azure, hops=4)
    providers = [hop["provider"] for hop in round_["hops"]]
    assert providers == ["azure", "azure", "offline", "offline", "offline"]
    assert round_["notice"] == interpreter.QUOTA
    page = azure.get(f"/rounds/{round_['id']}").text
    assert interpreter.QUOTA.replace("'", "&#39;") in page
    assert places_that_say_simulated(azure, round_) == ["top", "3"]
    assert all(":" not in hop["text"] for hop in round_["hops"][2:])
    assert len(translator.asked) == 3


def test_the_budget_holds_over_replicas(
    translator: Translator, serve: Serve, identity: Identity
) -> None:
    identity.constant = True
    environment = translator.environment() | {"CHARACTERS_PER_DAY": "100"}
    replicas = [serve(**environment).client for _ in range(2)]

    def one(number: int) -> dict[str, Any]:
        return play(replicas[number % 2], f"phrase {number:03}", hops=3)

    with ThreadPoolExecutor(6) as pool:
        rounds = list(pool.map(one, range(12)))
    assert sum(len(asked.text) for asked in translator.asked) <= 100
    assert len(translator.asked) >= 6
    spent = [one for one in rounds if any(hop["provider"] == "offline" for hop in one["hops"])]
    assert len(spent) > 8
    assert {one["notice"] for one in spent} == {interpreter.BUDGET}
    assert {one["status"] for one in rounds} == {"done"}


def test_no_token_is_in_the_log(translator: Translator, identity: Identity, serve: Serve) -> None:
    translator.behave = lambda _: error(401, 401000)
    process = serve(**translator.environment())
    begun = begin(process.client, hops=1)
    process.wait_for_line("asking again")
    translator.behave = good
    assert finished(process.client, begun["id"])["status"] == "done"
    tokens = identity.translator_tokens + identity.tokens
    assert len(identity.translator_tokens) >= 1
    assert not any(token in process.text() for token in tokens)
