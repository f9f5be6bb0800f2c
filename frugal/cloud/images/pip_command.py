"""Read `pip install` and `uv pip install` commands, for uv to carry out in another place.

Not pip itself, although that would need no table: a cold build of the homepage's image took uv 10 s
and pip 26 s, of the translator's 7 s and 13 s (medians of three, side by side on two busy cores,
November 2026). And a machine's own pip may be too old: 23.2, which comes with Python 3.11.7,
refuses a hashed lock file in which one package wants another's extra.
"""

import re
from collections.abc import Sequence

_PYTHON, _PIP = re.compile(r"python[\d.]*"), re.compile(r"pip[\d.]*")
# Options that uv takes as pip does, those with a value first …
_WITH_VALUE = (
    {"-r", "--requirement", "--requirements", "-c", "--constraint", "--constraints"}
    | {"-e", "--editable", "-i", "--index-url", "--extra-index-url", "-f", "--find-links"}
    | {"--no-binary", "--only-binary"}
)
_FLAGS = {"--require-hashes", "--no-deps", "-U", "--upgrade", "--pre", "--no-index"} | {
    "--no-build-isolation"
}
# … and options about pip's output or the image's size, which do not change what is installed.
_DROPPED_WITH_VALUE = {"--root-user-action", "--progress-bar", "--link-mode"} | {
    "--timeout",
    "--default-timeout",
    "--retries",
}
_DROPPED = (
    {"--no-cache-dir", "--no-cache", "--quiet", "-q", "--user", "--system"}
    | {"--compile", "--compile-bytecode", "--no-compile", "--disable-pip-version-check"}
    | {"--no-input", "--no-warn-script-location", "--prefer-binary", "--break-system-packages"}
)


def read_install(command: Sequence[str]) -> tuple[str, ...] | None:
    """The words after `uv pip` that install the same; None for a command not fully understood."""
    words = list(command)
    while words and re.match(r"[A-Za-z_]\w*=", words[0]):
        del words[0]
    program = words[0].rsplit("/", 1)[-1] if words else ""
    match [program, *words[1:]]:
        case ["uv", "pip", "install" | "sync" as operation, *rest]:
            pass
        case [_, "-m", "pip", "install" as operation, *rest] if _PYTHON.fullmatch(program):
            pass
        case [_, "install" as operation, *rest] if _PIP.fullmatch(program):
            pass
        case _:
            return None
    passed = [operation]
    while rest:
        word = rest.pop(0)
        option, equals, _value = word.partition("=") if word.startswith("--") else (word, "", "")
        valued = not equals and option in _WITH_VALUE | _DROPPED_WITH_VALUE
        value = [rest.pop(0)] if valued and rest else []
        if option in _DROPPED | _DROPPED_WITH_VALUE:
            continue
        known = word in _FLAGS or (option in _WITH_VALUE and (equals or value))
        if not known and (word.startswith("-") or re.fullmatch(r"[|&<>()]+", word)):
            return None
        passed += [word, *value]
    return tuple(passed)
