"""The messages table of the site's first version."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the table if it does not exist."""
    op.execute(
        """
        CREATE TABLE IF NOT EXISTS rounds (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            message text NOT NULL CHECK (char_length(message) BETWEEN 1 AND 280),
            created timestamptz NOT NULL DEFAULT now()
        )
        """
    )


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE rounds")
