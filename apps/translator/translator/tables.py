"""The tables, as this version of the code reads and writes them.

`translator/migrations` creates them; a test compares the two.
"""

import uuid
from datetime import datetime
from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

FLAGS_THAT_HIDE: Final = 2
"""Flags that hide a round from the lists; the column `listed` repeats the number in SQL."""


class Base(DeclarativeBase):
    """All tables of the translator."""


class Visitor(Base):
    """A visitor who has sent something; `name` is shown on pages."""

    __tablename__ = "visitors"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Hop(Base):
    """One translation of a round, numbered from 1, with the translated text."""

    __tablename__ = "hops"
    __table_args__ = (
        CheckConstraint("n BETWEEN 1 AND 21", name="hops_n_check"),
        CheckConstraint("text <> ''", name="hops_text_check"),
        CheckConstraint(
            "provider IN ('azure', 'azure-simulated', 'offline')", name="hops_provider_check"
        ),
    )

    round_id: Mapped[int] = mapped_column(
        ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True
    )
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(Text)


class Round(Base):
    """A phrase and its languages: from English through `languages` and back.

    A running round belongs to the process `runner` until `lease`; then any process may take it.
    `tries` counts these since the last hop. Rounds of the site's first version have no visitor and
    no languages.
    """

    __tablename__ = "rounds"
    __table_args__ = (
        CheckConstraint("char_length(message) BETWEEN 1 AND 280", name="rounds_message_check"),
        CheckConstraint("status IN ('running', 'done', 'failed')", name="rounds_status_check"),
        CheckConstraint("seed BETWEEN 0 AND 4294967295", name="rounds_seed_check"),
        CheckConstraint("drift BETWEEN 0 AND 100", name="rounds_drift_check"),
        CheckConstraint("funny >= 0 AND deep >= 0 AND flag >= 0", name="rounds_counts_check"),
        CheckConstraint(
            "status <> 'done' OR languages = '{}' OR (ending IS NOT NULL AND drift IS NOT NULL)",
            name="rounds_end_check",
        ),
        CheckConstraint(
            "status <> 'running' OR (lease IS NOT NULL AND languages <> '{}')",
            name="rounds_lease_check",
        ),
        # One for each query over many rounds: recent, popular, yours, unfinished.
        Index("rounds_recent", text("id DESC"), postgresql_where=text("listed")),
        Index(
            "rounds_popular", text("score DESC"), text("id DESC"), postgresql_where=text("listed")
        ),
        Index("rounds_visitor", "visitor", text("id DESC")),
        Index("rounds_running", "lease", postgresql_where=text("status = 'running'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    message: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    visitor: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("visitors.id", ondelete="SET NULL")
    )
    status: Mapped[str] = mapped_column(Text, server_default="done")
    seed: Mapped[int] = mapped_column(BigInteger, server_default="0")
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    ending: Mapped[str | None] = mapped_column(Text)
    drift: Mapped[int | None] = mapped_column(SmallInteger)
    notice: Mapped[str | None] = mapped_column(Text)
    funny: Mapped[int] = mapped_column(Integer, server_default="0")
    deep: Mapped[int] = mapped_column(Integer, server_default="0")
    flag: Mapped[int] = mapped_column(Integer, server_default="0")
    score: Mapped[int] = mapped_column(Integer, Computed("funny + deep", persisted=True))
    listed: Mapped[bool] = mapped_column(
        Boolean, Computed("flag < 2 AND status <> 'failed'", persisted=True)
    )
    runner: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    lease: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")


class Reaction(Base):
    """A visitor's reaction to a round, one of each kind."""

    __tablename__ = "reactions"
    __table_args__ = (
        CheckConstraint("type IN ('funny', 'deep', 'flag')", name="reactions_type_check"),
    )

    round_id: Mapped[int] = mapped_column(
        ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True
    )
    visitor: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("visitors.id", ondelete="CASCADE"), primary_key=True
    )
    type: Mapped[str] = mapped_column(Text, primary_key=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Translated(Base):
    """A stored translation; `digest` is the SHA-256 of the source text."""

    __tablename__ = "translated"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="translated_digest_check"),
        CheckConstraint(
            "provider IN ('azure', 'azure-simulated')", name="translated_provider_check"
        ),
        CheckConstraint("text <> ''", name="translated_text_check"),
    )

    source: Mapped[str] = mapped_column(Text, primary_key=True)
    target: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Usage(Base):
    """A limit's counter: `used` of kind `kind` by `key` in the period from `since`."""

    __tablename__ = "usage"
    __table_args__ = (CheckConstraint("used >= 0", name="usage_used_check"),)

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    used: Mapped[int] = mapped_column(Integer)


class Secret(Base):
    """Keys generated by the migration, only ever in the database and the app's memory."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
