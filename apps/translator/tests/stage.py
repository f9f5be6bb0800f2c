"""Everything that the app needs, for whoever measures it: `python stage.py` in its virtualenv.

Prints one JSON object: `environment` to start the app in, `bare` to connect in the same way with a
password, `database` (libpq's words for how to connect past both), `translator` (an address that
answers each request after `DELAY` seconds).
All of it ends when standard input does.
"""

import json
import sys
import tempfile
from pathlib import Path

from conftest import free_port, new_identity
from postgres import DATABASE, Postgres
from psycopg.conninfo import make_conninfo
from translators import Answer, Asked, Translator, good

DELAY = 0.02
"""Seconds; a fast translator's."""


def _answer(asked: Asked) -> Answer:
    made = good(asked)
    return Answer(made.status, made.body, made.headers, after=DELAY)


def _conninfo(postgres: Postgres) -> str:
    parameters = postgres.superuser(database=DATABASE)
    del parameters["autocommit"]
    return make_conninfo(**parameters)


def main() -> None:
    """Be there until standard input ends."""
    with tempfile.TemporaryDirectory(prefix="translator-", dir="/tmp") as folder:
        postgres = Postgres(Path(folder), free_port())
        translator = Translator()
        translator.behave = _answer
        try:
            with new_identity(postgres) as identity:
                identity.constant = True
                postgres.administer("CREATE ROLE bare LOGIN SUPERUSER PASSWORD 'bare'")
                told = {
                    "environment": postgres.environment()
                    | identity.environment()
                    | translator.environment()
                    | {"CHARACTERS_PER_DAY": "1000000000"}
                    | {"VISITOR_WRITES_PER_HOUR": "1000000", "ADDRESS_WRITES_PER_HOUR": "1000000"},
                    "bare": postgres.environment() | {"PGUSER": "bare", "PGPASSWORD": "bare"},
                    "database": _conninfo(postgres),
                    "translator": translator.environment()["TRANSLATOR_ENDPOINT"],
                }
                sys.stdout.write(json.dumps(told) + "\n")
                sys.stdout.flush()
                sys.stdin.read()
        finally:
            translator.close()
            postgres.close()


if __name__ == "__main__":
    main()
