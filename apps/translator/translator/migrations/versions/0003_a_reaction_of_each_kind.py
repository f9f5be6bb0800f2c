"""One reaction of each kind a visitor and round, where it was one in all.

The previous version's code works with it: it looks for any reaction of the visitor before it adds
one, and its insertions name no key.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_UP = """
ALTER TABLE reactions
    DROP CONSTRAINT reactions_pkey,
    ADD PRIMARY KEY (round_id, visitor, type)
"""

_DOWN = (
    """
    WITH dropped AS (
        DELETE FROM reactions later USING reactions first
        WHERE later.round_id = first.round_id AND later.visitor = first.visitor
            AND (first.created, first.type) < (later.created, later.type)
        RETURNING later.round_id, later.type
    ), counted AS (
        SELECT round_id,
            count(*) FILTER (WHERE type = 'funny') AS funny,
            count(*) FILTER (WHERE type = 'deep') AS deep,
            count(*) FILTER (WHERE type = 'flag') AS flag
        FROM dropped GROUP BY round_id
    )
    UPDATE rounds SET
        funny = rounds.funny - counted.funny,
        deep = rounds.deep - counted.deep,
        flag = rounds.flag - counted.flag
    FROM counted WHERE rounds.id = counted.round_id
    """,
    "ALTER TABLE reactions DROP CONSTRAINT reactions_pkey, ADD PRIMARY KEY (round_id, visitor)",
)


def upgrade() -> None:
    """Extend the key by the kind."""
    op.execute(_UP)


def downgrade() -> None:
    """Drop all but each visitor's first reaction to a round, from its counts too."""
    for statement in _DOWN:
        op.execute(statement)
