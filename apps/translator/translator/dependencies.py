"""What routes ask for."""

from typing import Annotated

from fastapi import Depends, Request

from translator.database import Database


async def _database(request: Request) -> Database:
    database = request.app.state.database
    assert isinstance(database, Database)  # noqa: S101  # as the factory put it there
    return database


TheDatabase = Annotated[Database, Depends(_database)]
