"""Export of the public site as files, for a static host, at its root or below a path."""

import hashlib
import json
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click
from flask import Flask, url_for
from werkzeug.test import Client

from homepage import assets, blog, headers, pages, sheet
from homepage.settings import Settings, load, web_address

_HOST_RULES: Final = {
    "globalHeaders": headers.SAFETY,
    "responseOverrides": {"404": {"rewrite": "/404.html"}},
}
"""For Azure Static Web Apps (learn.microsoft.com, "Configure Azure Static Web Apps", 2026-11);
other hosts serve the file and do nothing with it."""


@click.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--base-url", required=True, help="URL the files will be served at: https://HOST[/PATH]"
)
def command(folder: Path, base_url: str) -> None:
    """Write the public site into DIR, without sign-in, overwriting existing files."""
    try:
        base_url = _folder_address(base_url)
    except ValueError as error:
        raise click.BadParameter(f"{base_url!r} {error}", param_hint="--base-url") from None
    try:
        count = export(load(), folder, base_url)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        message = f"{error.filename} cannot be written: {error.strerror}"
        raise click.ClickException(message) from None
    click.echo(f"{count} files in {folder}, for {base_url}/")


def _folder_address(url: str) -> str:
    """The address without slashes at its end; ValueError if no files can be there."""
    parts = urlsplit(web_address(url))
    if parts.query or parts.fragment:
        raise ValueError("must end with a host or a path, without query or fragment")
    return url.rstrip("/")


def export(settings: Settings, folder: Path, base_url: str) -> int:
    """Write the site that `settings` describe, and return the number of files.

    `base_url` has no slash at its end. Raises RuntimeError where the spreadsheet or the blog cannot
    be read or a page is not served, OSError where a file cannot be written.
    """
    from homepage.app import create_app  # noqa: PLC0415  # the factory adds this command

    parts = urlsplit(base_url)
    public = {
        "public_url": f"{parts.scheme}://{parts.netloc}",
        "oidc_client_id": None,
        "front_door_id": None,
    }
    app = create_app(settings.model_copy(update=public))
    with app.app_context():
        store = sheet.content()
        if store.get().origin == "bundled" and store.problem:
            raise RuntimeError(
                f"the spreadsheet could not be read ({store.problem}), so nothing was written. Fix"
                " the SHEET_ variables, or unset them to export the bundled content"
            )
        posts = blog.content()
        if posts and posts.get().origin == "bundled":
            raise RuntimeError(
                f"the blog's feed could not be read ({posts.problem}), so nothing was written. Fix"
                " BLOG_FEED, or unset it to export the site without the blog"
            )
    charts = _Charts()
    app.config.from_mapping(FILES=True, KEEP_CHART=charts.keep)
    files = _public_files(app, base_url)
    files |= {name: _read(app, path, base_url) for name, path in charts.kept.items()}
    files["staticwebapp.config.json"] = json.dumps(_HOST_RULES, indent=2).encode()
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return len(files)


class _Charts:
    """The charts that the pages show: file name to the address that draws it."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def keep(self, kind: str, query: str) -> str:
        """Give the chart a file, and return the path of that."""
        name = f"charts/{kind}-{hashlib.sha256(query.encode()).hexdigest()[:16]}.png"
        self.kept[name] = f"/charts/{kind}.png?{query}"
        return url_for("index") + name


def _public_files(app: Flask, base_url: str) -> dict[str, bytes]:
    with app.test_request_context("/"):
        paths = {
            f"{url_for(page).strip('/')}/index.html".lstrip("/"): url_for(page)
            for page in pages.PUBLIC
        }
        for endpoint in ("sheet.feed", "pages.sitemap", "pages.robots", "pages.favicon"):
            paths[url_for(endpoint).lstrip("/")] = url_for(endpoint)
        for name in assets.names():
            path = assets.asset_url(name)
            paths[path.lstrip("/")] = path
    found = {name: _read(app, path, base_url) for name, path in paths.items()}
    found["404.html"] = _read(app, "/404.html", base_url, status=404)
    return found


def _read(app: Flask, path: str, base_url: str, status: int = 200) -> bytes:
    response = Client(app).get(path, base_url=base_url)
    if response.status_code != status:
        raise RuntimeError(f"{path} was answered with {response.status}")
    return response.data
