"""Base of the program's dynamic providers: sign-in, errors as one message, exit with the engine."""

import os
import stat
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar

from pulumi.dynamic import ConfigureRequest, DiffResult, ResourceProvider

from frugal.sign_in import NAMESPACE, SETTINGS
from infra import credentials, waits
from infra.arm import ArmError
from infra.naming import PROJECT


class ProviderError(Exception):
    """A failure with a complete message, shown without a traceback."""


class Provider(ResourceProvider):
    """Provider that is imported by module name in the provider's process, not serialized.

    `triggers`: properties whose change leads to `update`; `replace_on`: those whose change replaces
    the resource, which `delete_before_replace` deletes first. Changes of other properties are
    ignored.
    """

    serialize_as_secret_always = False
    triggers: ClassVar[Sequence[str]] = ()
    replace_on: ClassVar[Sequence[str]] = ()
    delete_before_replace: ClassVar[bool] = False

    def configure(self, req: ConfigureRequest) -> None:
        """Prepare the process; called once for each provider in it, before any other method.

        The configuration is the stack's own, by full key and with secrets in clear, so that no
        credential is a property of a resource. On `refresh` and `destroy` it is that of the last
        `up`, as for every provider of the engine (CLI 3.259).
        """
        keys = [f"{NAMESPACE}:{key}" for key in SETTINGS]
        values = {key: req.config.get(key) for key in keys}
        credentials.configure({key: str(v) for key, v in values.items() if v is not None})
        waits.configure(req.config.get(f"{PROJECT}:waits"))
        # The SDK's host gives Pulumi a traceback of whatever a call raises (pulumi 3.272,
        # dynamic/__main__.py); a ProviderError is reported by its message alone.
        traceback.format_exc = _explained
        _watch_engine()

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compare `triggers` and `replace_on`."""
        changed = {
            key for key in (*self.triggers, *self.replace_on) if _olds.get(key) != _news.get(key)
        }
        return DiffResult(
            changes=bool(changed),
            replaces=[key for key in self.replace_on if key in changed],
            delete_before_replace=self.delete_before_replace,
        )


@cache
def _watch_engine() -> None:
    """End this process when the engine has ended, even if it was killed.

    The engine holds the other end of standard input, a pipe, as long as it lives; the SDK's host
    does not look at it (pulumi 3.272).
    """
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=_end_with_stdin, name="engine-watch", daemon=True).start()


def _end_with_stdin() -> None:
    # Not sys.stdin: a reading thread holds its lock, which makes a normal exit fail.
    while os.read(0, 4096):
        pass
    os._exit(0)


_format_exc: Callable[[], str] = traceback.format_exc


def _explained() -> str:
    error = sys.exc_info()[1]
    return str(error) if isinstance(error, ArmError | ProviderError) else _format_exc()
