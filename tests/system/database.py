"""The translator's database, with the app's own token and with the administrator's."""

import asyncio
import contextlib
from collections.abc import Mapping

import psutil
import psycopg

from frugal.cloud.postgres.server import RESOURCE
from frugal.cloud.tokens import Tokens
from tests.environment import Environment, get


class AppsDatabase:
    """The ways into the database of the translator that runs now.

    `environment`: what the platform tells the app. A way is what `psycopg.connect` takes.
    """

    def __init__(self, environment: Environment) -> None:
        url = environment.url("translator_origin") + "healthz"
        assert get(url).status_code == 200  # it may have been asleep
        self.environment = environment_of_the_app(environment)
        self.as_app = self._way(self.environment["PGUSER"], self.token(RESOURCE))
        self._cloud = environment

    def token(self, resource: str) -> str:
        """A token of the app's identity, asked for as the app does."""
        answer = get(
            self.environment["IDENTITY_ENDPOINT"],
            params={"resource": resource, "client_id": self.environment["AZURE_CLIENT_ID"]},
            headers={"X-IDENTITY-HEADER": self.environment["IDENTITY_HEADER"]},
        )
        return answer.json()["access_token"]

    def as_administrator(self) -> dict[str, str]:
        """As the migration's identity; the token is signed here, as only its job may ask for it."""
        resources = self._cloud.clone.state()["resources"]
        (given,) = [
            r["inputs"] for r in resources if r["type"].endswith(":AdministratorsMicrosoftEntra")
        ]
        tokens = Tokens(self._cloud.clone.cloud / "tokens")
        token, _ = tokens.issue(client_id="", object_id=given["objectId"], resource=RESOURCE)
        return self._way(given["principalName"], token)

    async def forget_limits(self, done: asyncio.Event) -> None:
        """Let visitors of one address write as much as they like, until `done`.

        One row at most is deleted at a time, so that no writer of two can stand against it.
        """
        connection = await psycopg.AsyncConnection.connect(**self.as_app, autocommit=True)
        async with connection:
            while True:
                over = done.is_set()
                await connection.execute("DELETE FROM usage WHERE kind = 'address'")
                if over:
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), 0.5)

    def _way(self, role: str, token: str) -> dict[str, str]:
        told = self.environment
        return {
            "host": told["PGHOST"],
            "hostaddr": told["PGHOSTADDR"],
            "port": told["PGPORT"],
            "dbname": told["PGDATABASE"],
            "sslmode": told["PGSSLMODE"],
            "sslrootcert": told["PGSSLROOTCERT"],
            "user": role,
            "password": token,
        }


def environment_of_the_app(environment: Environment) -> Mapping[str, str]:
    """The variables of the translator's one process."""
    (app,) = environment.pids("translator")
    return psutil.Process(app).environ()


def version_of(connection: psycopg.Connection) -> str:
    """The number of the last migration that was carried out."""
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row
    return row[0]
