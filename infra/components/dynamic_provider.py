"""What the dynamic resources of this program share: errors that are one message."""

import sys
import traceback
from collections.abc import Callable

from pulumi.dynamic import ConfigureRequest, ResourceProvider

from infra.arm import ArmError


class ProviderError(Exception):
    """A failure that its text explains whole."""


class Provider(ResourceProvider):
    """A provider runs in a process of its own; it is found by its module's name, never copied."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Called once in that process, before anything else.

        The SDK's host gives Pulumi a traceback of whatever a call raises (pulumi 3.272,
        dynamic/__main__.py); for errors that explain themselves it gets their text.
        """
        del req
        traceback.format_exc = _explained


_format_exc: Callable[[], str] = traceback.format_exc


def _explained() -> str:
    error = sys.exc_info()[1]
    return str(error) if isinstance(error, ArmError | ProviderError) else _format_exc()
