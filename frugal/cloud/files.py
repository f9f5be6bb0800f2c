"""A static site on a port of its own, with a placeholder page until files are uploaded."""

import html
from pathlib import Path

from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from frugal.cloud.listen import Listener
from frugal.cloud.running import Health, Site

_EMPTY = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>No files yet</title>
<h1>No files yet</h1>
<p>This static site exists, but nothing has been uploaded to it. On this machine it serves
<code>{folder}</code>, and <code>make up</code> exports the homepage to it.</p></html>
"""


class FileSite(Site):
    """Serves `folder` at 127.0.0.1:`port`: folders by index.html, missing files by 404.html."""

    def __init__(self, name: str, *, host: str, port: int, folder: Path) -> None:
        self.name = name
        self.host = host
        self.folder = folder
        self._files = StaticFiles(directory=folder, html=True, check_dir=False)
        self.listener = Listener(self._serve, port)

    async def start(self) -> None:
        """Listen. Raises CloudError when the port is taken."""
        self.folder.mkdir(parents=True, exist_ok=True)
        await self.listener.start()

    @override
    def health(self) -> Health:
        """Return that it serves, as it does while the daemon runs."""
        return "healthy"

    @override
    async def stop(self) -> None:
        """Close the port; the files stay."""
        await self.listener.stop()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (self.folder / "index.html").is_file():
            await self._files(scope, receive, send)
            return
        page = _EMPTY.format(folder=html.escape(str(self.folder)))
        await HTMLResponse(page, headers={"Cache-Control": "no-store"})(scope, receive, send)
