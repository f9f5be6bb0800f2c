"""The application factory."""

import contextlib
from collections.abc import AsyncGenerator

from fastapi import FastAPI

from translator import problems
from translator.database import Database
from translator.frame import Frame
from translator.routes import api, health, pages
from translator.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The translator as an ASGI application. It starts, and stays, also without its database."""
    database = Database(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        await database.open()
        try:
            yield
        finally:
            await database.close()

    app = FastAPI(
        title="Translation Telephone",
        version="0.1.0",
        lifespan=lifespan,
        # The interactive pages load their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.state.database = database
    app.add_middleware(Frame, https=settings.public_url.startswith("https://"))
    problems.register(app)
    for routes in (health, api, pages):
        app.include_router(routes.router)
    return app
