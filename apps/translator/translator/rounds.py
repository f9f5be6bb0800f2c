"""Rounds of the game: input and output models, and queries."""

import random
import re
import secrets
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    computed_field,
    model_validator,
)
from pydantic.config import JsonDict
from sqlalchemy import Select, delete, func, insert, select, text, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from translator import tables
from translator.languages import CODES, ENGLISH
from translator.translation import Provider
from translator.translation.offline import language_of

MESSAGE_LENGTH: Final = 280
MOST_HOPS: Final = 20
USUAL_HOPS: Final = 12
MOST_ITEMS: Final = 100
USUAL_ITEMS: Final = 30
LARGEST_SEED: Final = 2**32 - 1
LEASE: Final = timedelta(seconds=10)
"""Lifetime of a player's hold on a round, unless renewed."""

CURSOR: Final = r"^[0-9]{1,9}\.[0-9]{1,18}$"

Status = Literal["running", "done", "failed"]
ReactionType = Literal["funny", "deep", "flag"]
Order = Literal["recent", "popular"]


def _readable(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("must not contain control characters or line breaks")
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Message = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MESSAGE_LENGTH,
        json_schema_extra={
            "pattern": r"^[^\u0000-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F]"
            r"[^\u0000-\u001F\u007F-\u009F]*$",
        },
    ),
    AfterValidator(_readable),
]


def _known(code: str) -> str:
    if code not in CODES:
        raise ValueError(f"must be one of {', '.join(CODES)}")
    return code


Code = Annotated[str, Field(json_schema_extra={"enum": list(CODES)}), AfterValidator(_known)]


def _number(value: object) -> object:
    if isinstance(value, str | bool):
        raise ValueError("must be a whole number")  # noqa: TRY004  # pydantic's kind
    return value


Whole = Annotated[int, BeforeValidator(_number)]
"""A whole number as JSON has it: 3 and 3.0, not "3" and not true."""


def _as_many_as_hops() -> JsonDict:
    """JSON Schema of the rule that `languages` has `hops` items, a case for each number."""

    def languages(number: int) -> JsonDict:
        return {"minItems": number, "maxItems": number}

    cases: list[JsonValue] = [
        {"properties": {"languages": {"type": "null"}}},
        {"properties": {"languages": languages(USUAL_HOPS)}, "not": {"required": ["hops"]}},
    ]
    for hops in range(1, MOST_HOPS + 1):
        properties: JsonDict = {"hops": {"const": hops}, "languages": languages(hops)}
        cases.append({"properties": properties, "required": ["hops", "languages"]})
    return {"anyOf": cases}


class NewRound(BaseModel):
    """Input for a new round."""

    model_config = ConfigDict(json_schema_extra=_as_many_as_hops())

    message: Message
    hops: Whole = Field(
        default=USUAL_HOPS,
        ge=1,
        le=MOST_HOPS,
        description="number of languages between English at the start and at the end",
    )
    languages: list[Code] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_HOPS,
        json_schema_extra={"uniqueItems": True},
        description="as many as `hops` says, each once; by default chosen by the seed, on a site"
        " without a translator among the languages that it has words of",
    )
    # Limits after a validator come into the JSON Schema as "ge" and "le", which it does not have
    # (pydantic 2.14.3), so they stand before it.
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED), BeforeValidator(_number)] | None = Field(
        default=None,
        description="of all random choices; by default a random number",
    )

    @model_validator(mode="after")
    def _a_way(self) -> Self:
        if self.languages is None:
            return self
        if len(self.languages) != self.hops:
            raise ValueError(
                f"languages: must have as many entries as hops says ({self.hops}),"
                f" not {len(self.languages)}"
            )
        if len(set(self.languages)) != len(self.languages):
            raise ValueError("languages: must not have a language twice")
        return self


class NewReaction(BaseModel):
    """Input for a reaction."""

    type: ReactionType


class Hop(BaseModel):
    """One translation; the texts of `azure-simulated` and `offline` are simulated."""

    model_config = ConfigDict(frozen=True)

    n: int
    source: str = Field(serialization_alias="from")
    target: str = Field(serialization_alias="to")
    text: str
    provider: Provider

    @computed_field(description="the text's language: English if a simulation has no words of `to`")
    @property
    def lang(self) -> str:
        """BCP 47 code of the text's language."""
        return self.target if self.provider == "azure" else language_of(self.text, self.target)


class Reactions(BaseModel):
    """Numbers of reactions by type."""

    model_config = ConfigDict(frozen=True)

    funny: int
    deep: int
    flag: int


class Round(BaseModel):
    """A round. `end` and `drift` (0 unchanged, 100 all changed) are set when it is done."""

    model_config = ConfigDict(frozen=True)

    id: int
    status: Status
    message: str
    seed: int
    hops: list[Hop]
    end: str | None
    drift: int | None
    reactions: Reactions
    created: datetime
    notice: str | None = Field(
        default=None,
        exclude_if=lambda notice: notice is None,
        description="deviation from the plan; absent if there is none",
    )

    languages: list[str] = Field(exclude=True)
    player: str | None = Field(exclude=True)
    listed: bool = Field(exclude=True)

    @classmethod
    def of(
        cls, row: tables.Round, hops: Sequence[Mapping[str, object]], player: str | None
    ) -> Self:
        """Build a round from its row, hops and player's name."""
        # The first version of the site stored messages without hops.
        unplayed = row.status == "done" and not row.languages
        return cls.model_validate(
            {
                "id": row.id,
                "status": row.status,
                "message": row.message,
                "seed": row.seed,
                "hops": hops,
                "end": row.message if unplayed else row.ending,
                "drift": 0 if unplayed else row.drift,
                "reactions": {"funny": row.funny, "deep": row.deep, "flag": row.flag},
                "created": row.created,
                "notice": row.notice,
                "languages": row.languages,
                "player": player,
                "listed": row.listed,
            }
        )


class Page(BaseModel):
    """Some of many rounds; `next` is the cursor of the following ones, null at the end."""

    items: list[Round]
    next: str | None


async def add(
    session: AsyncSession,
    new: NewRound,
    *,
    visitor: uuid.UUID,
    runner: uuid.UUID,
    codes: Sequence[str],
) -> Round:
    """Insert a new round, leased to the process `runner`; draw its languages among `codes`."""
    seed = secrets.randbelow(LARGEST_SEED + 1) if new.seed is None else new.seed
    languages = new.languages or random.Random(seed).sample(codes, new.hops)  # noqa: S311  # a game
    values = {
        "message": new.message,
        "visitor": visitor,
        "status": "running",
        "seed": seed,
        "languages": languages,
        "runner": runner,
        "lease": func.now() + LEASE,
    }
    columns = (tables.Round.id, tables.Round.created)
    inserted = await session.execute(insert(tables.Round).values(values).returning(*columns))
    round_id, created = inserted.one()
    return Round(
        id=round_id,
        status="running",
        message=new.message,
        seed=seed,
        hops=[],
        end=None,
        drift=None,
        reactions=Reactions(funny=0, deep=0, flag=0),
        created=created,
        languages=languages,
        player=None,
        listed=True,
    )


def way(languages: Sequence[str]) -> list[str]:
    """Languages of a round in order, English at both ends included."""
    return [ENGLISH, *languages, ENGLISH]


_HOPS: Final = (
    select(
        func.coalesce(
            func.json_agg(
                aggregate_order_by(
                    func.json_build_object(
                        *("n", tables.Hop.n, "source", tables.Hop.source),
                        *("target", tables.Hop.target, "text", tables.Hop.text),
                        *("provider", tables.Hop.provider),
                    ),
                    tables.Hop.n,
                )
            ),
            text("'[]'::json"),
        )
    )
    .where(tables.Hop.round_id == tables.Round.id)
    .scalar_subquery()
)
"""A round's hops in one JSON value: reading hundreds of rows would dominate the query."""
_WHOLE: Final = select(tables.Round, _HOPS, tables.Visitor.name).outerjoin(
    tables.Visitor, tables.Visitor.id == tables.Round.visitor
)


async def find(session: AsyncSession, round_id: int) -> Round | None:
    """The round of that id, or None."""
    found = (await session.execute(_WHOLE.where(tables.Round.id == round_id))).first()
    return Round.of(*found) if found else None


async def listed(session: AsyncSession, order: Order, *, num: int, after: str | None) -> Page:
    """Return `num` rounds that did not fail and are not hidden by flags.

    Raises ValueError for a wrong cursor.
    """
    row = tables.Round
    query = _WHOLE.where(row.listed)
    if after is not None:
        score, last = _place(after)
        popular = tuple_(row.score, row.id) < tuple_(score, last)
        query = query.where(popular if order == "popular" else row.id < last)
    if order == "popular":
        query = query.order_by(row.score.desc())
    return await _page(session, query.order_by(row.id.desc()), num)


async def of_visitor(
    session: AsyncSession, visitor: uuid.UUID, *, num: int, after: str | None
) -> Page:
    """Return `num` rounds of a visitor, newest first, whatever their status."""
    query = _WHOLE.where(tables.Round.visitor == visitor).order_by(tables.Round.id.desc())
    if after is not None:
        query = query.where(tables.Round.id < _place(after)[1])
    return await _page(session, query, num)


async def _page(session: AsyncSession, query: Select[tables.Round, Any, str], num: int) -> Page:
    found = (await session.execute(query.limit(num + 1))).all()
    shown = found[:num]
    following = None
    if len(found) > num:
        last, _, _ = shown[-1]
        following = f"{last.score}.{last.id}"
    return Page(items=[Round.of(*one) for one in shown], next=following)


def _place(cursor: str) -> tuple[int, int]:
    """Score and id of the last round of a page, as `_page` wrote them."""
    if not re.fullmatch(CURSOR, cursor):
        raise ValueError("after: must be the `next` of an earlier page")
    score, _, last = cursor.partition(".")
    return int(score), int(last)


async def owner(
    session: AsyncSession, round_id: int, *, lock: bool = False
) -> tuple[uuid.UUID | None, str] | None:
    """Visitor and message of a round, None if it does not exist; `lock`: until the commit."""
    query = select(tables.Round.visitor, tables.Round.message).where(tables.Round.id == round_id)
    row = (await session.execute(query.with_for_update() if lock else query)).first()
    return None if row is None else (row[0], row[1])


async def remove(session: AsyncSession, round_id: int) -> None:
    """Delete a round."""
    await session.execute(delete(tables.Round).where(tables.Round.id == round_id))
