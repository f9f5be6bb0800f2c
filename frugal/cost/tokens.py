"""Type tokens: without a version, and by the names of the installed SDK."""

import re
from functools import cache
from pathlib import Path
from typing import Final

PROVIDER: Final = "azure-native"

ALIASES: Final = Path(__file__).with_name("aliases.txt")
"""Earlier and present name of each type that the SDK has moved (`tools/sdk_inputs.py`)."""

# A package that `pulumi package add` made from one version of one module.
_GENERATED = re.compile(r"azure-native_\w+")
_VERSION = re.compile(r"/v\d{8}\w*$")


@cache
def aliases() -> dict[str, str]:
    """The present name of a type by its earlier one, both without the provider."""
    return dict(line.split() for line in ALIASES.read_text(encoding="utf-8").splitlines())


@cache
def current(token: str) -> str:
    """`azure-native:web/v20240401:WebApp` and `azure-native_web_v20240401:web:WebApp` as one."""
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    kind = f"{_VERSION.sub('', module)}:{name}"
    if package == PROVIDER or _GENERATED.fullmatch(package):
        return f"{PROVIDER}:{aliases().get(kind, kind)}"
    return f"{package}:{kind}"
