"""Reactions of visitors to rounds, one of each kind per visitor and round."""

import uuid

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from translator.rounds import Reactions, ReactionType
from translator.tables import Reaction, Round


async def so_far(
    session: AsyncSession, round_id: int, visitor: uuid.UUID, kind: ReactionType
) -> tuple[Reactions | None, bool]:
    """Return a round's counts, None if it does not exist, and True for a repeated reaction.

    The round cannot be deleted until the transaction ends.
    """
    mine = exists().where(
        Reaction.round_id == round_id, Reaction.visitor == visitor, Reaction.type == kind
    )
    found = await session.execute(
        select(Round.funny, Round.deep, Round.flag, mine)
        .where(Round.id == round_id)
        .with_for_update(read=True, key_share=True)
    )
    row = found.first()
    if row is None:
        return None, False
    funny, deep, flag, said = row
    return Reactions(funny=funny, deep=deep, flag=flag), said


async def add(
    session: AsyncSession, round_id: int, visitor: uuid.UUID, kind: ReactionType
) -> Reactions | None:
    """Add a reaction and return the counts; None for one that the visitor has added before.

    The table's key decides that, and the count changes in the same transaction.
    """
    added = await session.scalar(
        insert(Reaction)
        .values(round_id=round_id, visitor=visitor, type=kind)
        .on_conflict_do_nothing()
        .returning(Reaction.type)
    )
    if added is None:
        return None
    column = {"funny": Round.funny, "deep": Round.deep, "flag": Round.flag}[kind]
    counted = await session.execute(
        update(Round)
        .where(Round.id == round_id)
        .values({column: column + 1})
        .returning(Round.funny, Round.deep, Round.flag)
        .execution_options(synchronize_session=False)
    )
    funny, deep, flag = counted.one()
    return Reactions(funny=funny, deep=deep, flag=flag)
