"""What the first version of the site made by itself: messages that are kept."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table where it is not there yet."""
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
    """Away with it."""
    op.execute("DROP TABLE rounds")
