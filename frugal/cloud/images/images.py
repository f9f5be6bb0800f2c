"""Images on this machine: a folder with the app's files and a virtual environment of its own."""

import asyncio
import json
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter

from frugal.atomic import atomic_write
from frugal.cloud.images.builder import Builder
from frugal.cloud.images.context import Context
from frugal.cloud.images.dockerfile import BuildError
from frugal.cloud.images.image import Image
from frugal.cloud.images.opening import open_for_apps
from frugal.cloud.spawn import Accounts, Reaper

# Placeholder for the folder of all images in stored paths: JSON for NUL, which no path can hold.
_HERE = "\\u0000"
_IMAGE = TypeAdapter(Image)
# Characters of the digest in a folder's name.
_SHORT = 12


class Images:
    """All images of a cloud. One folder each, and a file that names it once it is whole.

    No stored file holds the path of `folder`, so that a checkout with its images can be moved.
    """

    def __init__(self, accounts: Accounts, reaper: Reaper) -> None:
        """Open the place `images`, and delete what a killed build left in it."""
        folder = accounts.place("images")
        self._folder = folder
        self._accounts = accounts
        self._reaper = reaper
        self._building: dict[str, asyncio.Lock] = {}
        whole = self._whole()
        for image in whole:
            # Built by an earlier version, or its Python is gone or no longer readable.
            try:
                open_for_apps(image, accounts, "an earlier version")
            except (BuildError, OSError) as error:
                print(f"No app can run {image}: {error}", flush=True)
        for left in folder.iterdir():
            if left.is_dir() and left not in whole:
                shutil.rmtree(left, ignore_errors=True)

    def get(self, digest: str) -> Image | None:
        """Return the image if it exists and is complete (its Python still runs)."""
        try:
            text = self._index(digest).read_text().replace(_HERE, _in_json(self._folder))
            image = _IMAGE.validate_python(json.loads(text))
        except (OSError, ValueError):
            return None
        return image if os.access(image.programs / "python", os.X_OK) else None

    async def build(
        self, context: bytes, *, dockerfile: str, log: Callable[[str], None], repository: str
    ) -> Image:
        """Build an image from a tar.gz, or return the existing one for the same content.

        `dockerfile`: its path in the context. `log` gets each line as it comes. `repository`: the
        images of one share a group of users who read them. Raises BuildError.
        """
        files = await asyncio.to_thread(Context.read, context)
        digest = await asyncio.to_thread(files.digest, dockerfile)
        async with self._building.setdefault(digest, asyncio.Lock()):
            ready = self.get(digest)
            if ready is not None:
                log(f"{digest[:19]} was built from the same content before: nothing to do.")
                return ready
            folder = self._folder / f"{_key(digest)[:_SHORT]}-{secrets.token_hex(4)}"
            try:
                builder = Builder(
                    files, folder, earlier=self._whole(), reaper=self._reaper, log=log
                )
                image = await builder.build(dockerfile, digest)
                await asyncio.to_thread(open_for_apps, folder, self._accounts, repository)
                self._keep(image)
            except OSError as error:
                shutil.rmtree(folder, ignore_errors=True)
                raise BuildError(f"The image could not be written: {error}") from error
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            log(f"Built {digest[:19]}.")
            return image

    def _whole(self) -> set[Path]:
        """The folders of the images that are complete."""
        known = [self.get(index.stem) for index in self._folder.glob("*.json")]
        return {image.folder for image in known if image is not None}

    def _index(self, digest: str) -> Path:
        return self._folder / f"{_key(digest)}.json"

    def _keep(self, image: Image) -> None:
        text = json.dumps(asdict(image), default=str, indent=1)
        atomic_write(self._index(image.digest), text.replace(_in_json(self._folder), _HERE))


def _in_json(folder: Path) -> str:
    return json.dumps(str(folder))[1:-1]


def _key(digest: str) -> str:
    key = digest.removeprefix("sha256:")
    return key if key.isalnum() else "none"
