"""The game: visitors, hops, reactions, stored translations, limits.

Each new column of `rounds` has a default that is right for a message without hops, as the previous
version's code keeps inserting messages alone.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_UP = (
    """
    CREATE TABLE visitors (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        created timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    ALTER TABLE rounds
        ADD visitor uuid REFERENCES visitors ON DELETE SET NULL,
        ADD status text NOT NULL DEFAULT 'done'
            CONSTRAINT rounds_status_check CHECK (status IN ('running', 'done', 'failed')),
        ADD seed bigint NOT NULL DEFAULT 0
            CONSTRAINT rounds_seed_check CHECK (seed BETWEEN 0 AND 4294967295),
        ADD languages text[] NOT NULL DEFAULT '{}',
        ADD ending text,
        ADD drift smallint CONSTRAINT rounds_drift_check CHECK (drift BETWEEN 0 AND 100),
        ADD notice text,
        ADD funny integer NOT NULL DEFAULT 0,
        ADD deep integer NOT NULL DEFAULT 0,
        ADD flag integer NOT NULL DEFAULT 0,
        ADD score integer NOT NULL GENERATED ALWAYS AS (funny + deep) STORED,
        ADD listed boolean NOT NULL
            GENERATED ALWAYS AS (flag < 2 AND status <> 'failed') STORED,
        ADD runner uuid,
        ADD lease timestamptz,
        ADD tries smallint NOT NULL DEFAULT 0,
        ADD CONSTRAINT rounds_counts_check CHECK (funny >= 0 AND deep >= 0 AND flag >= 0),
        ADD CONSTRAINT rounds_end_check CHECK (
            status <> 'done' OR languages = '{}' OR (ending IS NOT NULL AND drift IS NOT NULL)
        ),
        ADD CONSTRAINT rounds_lease_check CHECK (
            status <> 'running' OR (lease IS NOT NULL AND languages <> '{}')
        )
    """,
    "CREATE INDEX rounds_recent ON rounds (id DESC) WHERE listed",
    "CREATE INDEX rounds_popular ON rounds (score DESC, id DESC) WHERE listed",
    "CREATE INDEX rounds_visitor ON rounds (visitor, id DESC)",
    "CREATE INDEX rounds_running ON rounds (lease) WHERE status = 'running'",
    """
    CREATE TABLE hops (
        round_id bigint NOT NULL REFERENCES rounds ON DELETE CASCADE,
        n smallint NOT NULL CONSTRAINT hops_n_check CHECK (n BETWEEN 1 AND 21),
        source text NOT NULL,
        target text NOT NULL,
        text text NOT NULL CONSTRAINT hops_text_check CHECK (text <> ''),
        provider text NOT NULL CONSTRAINT hops_provider_check
            CHECK (provider IN ('azure', 'azure-simulated', 'offline')),
        PRIMARY KEY (round_id, n)
    )
    """,
    """
    CREATE TABLE reactions (
        round_id bigint NOT NULL REFERENCES rounds ON DELETE CASCADE,
        visitor uuid NOT NULL REFERENCES visitors ON DELETE CASCADE,
        type text NOT NULL
            CONSTRAINT reactions_type_check CHECK (type IN ('funny', 'deep', 'flag')),
        created timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (round_id, visitor)
    )
    """,
    """
    CREATE TABLE translated (
        source text NOT NULL,
        target text NOT NULL,
        digest bytea NOT NULL
            CONSTRAINT translated_digest_check CHECK (octet_length(digest) = 32),
        provider text NOT NULL CONSTRAINT translated_provider_check
            CHECK (provider IN ('azure', 'azure-simulated')),
        text text NOT NULL CONSTRAINT translated_text_check CHECK (text <> ''),
        created timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (source, target, digest, provider)
    )
    """,
    """
    CREATE TABLE usage (
        kind text NOT NULL,
        key text NOT NULL,
        since timestamptz NOT NULL,
        used integer NOT NULL CONSTRAINT usage_used_check CHECK (used >= 0),
        PRIMARY KEY (kind, key, since)
    )
    """,
    "CREATE TABLE secrets (name text PRIMARY KEY, value bytea NOT NULL)",
)

_DOWN = (
    "DROP TABLE secrets, usage, translated, reactions, hops",
    "ALTER TABLE rounds DROP score, DROP listed",
    """
    ALTER TABLE rounds
        DROP visitor, DROP status, DROP seed, DROP languages, DROP ending, DROP drift,
        DROP notice, DROP funny, DROP deep, DROP flag, DROP runner, DROP lease, DROP tries
    """,
    "DROP TABLE visitors",
)


def upgrade() -> None:
    """Add the tables and columns of the game."""
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop everything but the messages."""
    for statement in _DOWN:
        op.execute(statement)
