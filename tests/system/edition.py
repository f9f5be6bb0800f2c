"""Another edition of the translator in the clone: a further migration, and a page that says so."""

import re
from pathlib import Path

import psycopg

from tests.environment import ROOT, SETTINGS, Environment, get, settings
from tests.system.database import AppsDatabase, version_of

APP = Path("apps/translator/translator")
INDEX = APP / "templates/index.html"
READINESS = APP / "readiness.py"
VERSIONS = APP / "migrations/versions"

HEADING = re.findall("<h1>(.*)</h1>", (ROOT / INDEX).read_text())[0]
"""The page's current heading."""

FIRST = int(re.findall('REVISION: Final = "(.*)"', (ROOT / READINESS).read_text())[0])
"""The number of the migration that the app needs today."""

# Fits the code before it, which names its columns, and the code after it.
MIGRATION = '''\
"""The migration of another edition."""

from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("ALTER TABLE rounds ADD edition_{revision} text")
    op.execute("CREATE INDEX rounds_{revision} ON rounds ({indexed})")
'''


def write_edition(environment: Environment, number: int, *, indexed: str | None = None) -> None:
    """Let the clone's app be another edition: a further migration, which it needs, and a page."""
    root = environment.clone.root
    revision, before = f"{number:04}", f"{number - 1:04}"
    migration = MIGRATION.format(
        revision=revision, before=before, indexed=indexed or f"edition_{revision}"
    )
    (root / VERSIONS / f"{revision}_edition.py").write_text(migration)
    needs = (ROOT / READINESS).read_text().replace(f'"{FIRST:04}"', f'"{revision}"')
    (root / READINESS).write_text(needs)
    page = (ROOT / INDEX).read_text().replace(f"{HEADING}</h1>", f"{edition(number)}</h1>")
    (root / INDEX).write_text(page)


def edition(number: int) -> str:
    return f"{HEADING} (edition {number})"


def put_back(environment: Environment) -> bool:
    """Make app, settings and tables what they were; whether anything was another."""
    root = environment.clone.root
    originals = {name: (ROOT / name).read_text() for name in (INDEX, READINESS)}
    originals[SETTINGS] = settings()
    changed = [name for name, text in originals.items() if (root / name).read_text() != text]
    for name in changed:
        (root / name).write_text(originals[name])
    for added in {f.name for f in (root / VERSIONS).glob("0*.py")} - {
        f.name for f in (ROOT / VERSIONS).glob("0*.py")
    }:
        (root / VERSIONS / added).unlink()
    with psycopg.connect(**AppsDatabase(environment).as_administrator()) as connection:
        for number in range(FIRST + 1, int(version_of(connection)) + 1):
            connection.execute(f"ALTER TABLE rounds DROP edition_{number:04}".encode())
        connection.execute("UPDATE alembic_version SET version_num = %s", [f"{FIRST:04}"])
    return bool(changed)


def heading_of(environment: Environment, address: str = "translator_origin") -> str:
    """The heading of the page at one of the addresses."""
    text = get(environment.url(address)).text
    return text.partition("<h1>")[2].partition("</h1>")[0]
