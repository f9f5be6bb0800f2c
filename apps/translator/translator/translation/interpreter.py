"""Translation of hops: from stored translations, else by Azure, else simulated."""

import hashlib
import logging
from asyncio import sleep
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from translator import limits
from translator.database import Database
from translator.languages import ENGLISH
from translator.tables import Translated
from translator.translation import (
    BusyError,
    QuotaError,
    RefusedError,
    Translating,
    Translation,
    TranslationError,
)
from translator.translation.offline import Offline

PATIENCE: Final = 15.0
"""Seconds that one hop is retried."""
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 4.0
REST: Final = 10.0
"""Seconds without requests after a failed hop; then the next hop tries again."""
_QUOTA_REST: Final = 600.0

WAITING: Final = "The translator is not responding properly at the moment. Retrying."
_SIMULATED: Final = "so the rest of this round is simulated, starting over from the message."
AWAY: Final = f"The translator could not be reached, {_SIMULATED}"
QUOTA: Final = f"The translator's quota is used up, {_SIMULATED}"
BUDGET: Final = (
    f"Today's budget for translations is used up, {_SIMULATED}"
    " Translations will be real again tomorrow."
)
REFUSED: Final = f"The translator does not support one of these languages, {_SIMULATED}"

_log: Final = logging.getLogger("translator.translation")

Say = Callable[[str | None], Awaitable[None]]
"""Shows a notice to the players; None removes it."""


class Interpreter:
    """Translates hops by Azure, with stored translations and a daily budget, or offline."""

    def __init__(
        self, database: Database, azure: Translating | None, *, characters_per_day: int
    ) -> None:
        self._database = database
        self._azure = azure
        self._offline = Offline()
        self._budget = characters_per_day
        self._rests_until = 0.0
        self._why = AWAY

    async def translate(
        self,
        text: str,
        source: str,
        target: str,
        *,
        message: str,
        seed: int,
        simulated: bool,
        say: Say,
    ) -> Translation:
        """Translate one hop. `simulated`: an earlier hop of the round was, and the rest stays so.

        If Azure fails, `say` gets the notice for the players, and the hop is simulated from the
        round's `message`: the simulation cannot read genuine texts. Raises one of `database.AWAY`.
        """
        if self._azure is None or simulated:
            return await self._offline.translate(text, source, target, seed=seed)
        async with self._database.writing() as session:
            known = await _remembered(session, text, source, target)
            if known is not None:
                return known
            why_not = await self._why_not(session, len(text))
        if why_not is None:
            try:
                made = await self._insist(self._azure, text, source, target, seed=seed, say=say)
            except RefusedError as error:
                _log.warning("refused %s to %s: %s", source, target, error)
                why_not = REFUSED
            except QuotaError as error:
                _log.warning("quota spent: %s", error)
                why_not = self._rest(_QUOTA_REST, QUOTA)
            except TranslationError as error:
                _log.warning("given up: %s", error)
                why_not = self._rest(REST, AWAY)
            else:
                await self._remember(text, source, target, made)
                return made
        await say(why_not)
        return await self._offline.translate(message, ENGLISH, target, seed=seed)

    async def _why_not(self, session: AsyncSession, characters: int) -> str | None:
        """Return the notice if Azure must not be used; else count the characters, return None."""
        if monotonic() < self._rests_until:
            return self._why
        granted = await limits.spend(session, characters, budget=self._budget)
        return None if granted else BUDGET

    def _rest(self, seconds: float, why: str) -> str:
        self._rests_until = monotonic() + seconds
        self._why = why
        return why

    async def _insist(
        self, azure: Translating, text: str, source: str, target: str, *, seed: int, say: Say
    ) -> Translation:
        """Retry until there is a translation or `PATIENCE` is over."""
        deadline = monotonic() + PATIENCE
        pause = _FIRST_PAUSE
        waiting = False
        while True:
            try:
                made = await azure.translate(text, source, target, seed=seed)
            except (RefusedError, QuotaError):
                raise
            except TranslationError as error:
                wait = error.seconds if isinstance(error, BusyError) else pause
                if monotonic() + wait > deadline:
                    raise
                _log.info("asking again in %.1f s: %s", wait, error)
                if not waiting:
                    await say(WAITING)
                    waiting = True
                await sleep(wait)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                if waiting:
                    await say(None)
                return made

    async def _remember(self, text: str, source: str, target: str, made: Translation) -> None:
        async with self._database.writing() as session:
            await session.execute(
                insert(Translated)
                .values(
                    source=source,
                    target=target,
                    digest=_digest(text),
                    provider=made.provider,
                    text=made.text,
                )
                .on_conflict_do_nothing()
            )


async def _remembered(
    session: AsyncSession, text: str, source: str, target: str
) -> Translation | None:
    found = await session.execute(
        select(Translated.text, Translated.provider)
        .where(
            Translated.source == source,
            Translated.target == target,
            Translated.digest == _digest(text),
        )
        .order_by(Translated.provider)  # the genuine one comes first
        .limit(1)
    )
    row = found.first()
    if row is None:
        return None
    kept, provider = row
    return Translation(kept, "azure" if provider == "azure" else "azure-simulated")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
