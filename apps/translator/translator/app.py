"""The application factory."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from fastapi import FastAPI

from translator import SITE, problems
from translator.database import Database
from translator.dependencies import Parts
from translator.frame import Frame
from translator.latest import Latest
from translator.player import Player
from translator.routes import api, forms, health, pages
from translator.settings import Settings
from translator.streams import Streams
from translator.translation.interpreter import Interpreter
from translator.visitors import Visitors

if TYPE_CHECKING:
    from translator.translation.azure import Azure


def create_app(settings: Settings) -> FastAPI:
    """Build the translator as an ASGI application, which also runs without its database.

    `app.state.parts` has its components.
    """
    database = Database(settings)
    azure = _azure(settings)
    interpreter = Interpreter(database, azure, characters_per_day=settings.characters_per_day)
    player = Player(database, interpreter)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        watching = asyncio.create_task(player.watch())
        try:
            yield
        finally:
            player.stop()
            await player.close()
            await watching
            if azure is not None:
                await azure.close()
            await database.close()

    app = FastAPI(
        title=SITE,
        version="1.0.0",
        lifespan=lifespan,
        # The interactive pages load their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        # They would lead to the host that the request names: behind an edge, past the edge.
        redirect_slashes=False,
    )
    app.state.public_url = settings.public_url
    app.state.parts = Parts(
        settings=settings,
        database=database,
        latest=Latest(database),
        player=player,
        visitors=Visitors(database),
        streams=Streams(database, player),
    )
    app.add_middleware(
        Frame,
        public_url=settings.public_url,
        other_hosts=settings.other_hosts,
        front_door_id=settings.front_door_id,
    )
    problems.register(app)
    for routes in (health, api, forms, pages):
        app.include_router(routes.router)
    return app


def _azure(settings: Settings) -> "Azure | None":
    if settings.translator_provider != "azure" or settings.translator_endpoint is None:
        return None
    from translator.translation.azure import Azure  # noqa: PLC0415  # with its HTTP client

    return Azure(settings.translator_endpoint, settings.azure_client_id)
