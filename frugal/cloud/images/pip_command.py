"""Reading `pip install` and `uv pip install` commands, for uv to carry out in another place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Install:
    """`operation` (install or sync) and the words that follow it on uv's command line."""

    operation: str
    words: tuple[str, ...]


# Options that mean the same to pip and uv …
_WITH_VALUE = {
    "-r": "--requirements",
    "--requirement": "--requirements",
    "--requirements": "--requirements",
    "-c": "--constraints",
    "--constraint": "--constraints",
    "--constraints": "--constraints",
    "-e": "--editable",
    "--editable": "--editable",
    "-i": "--index-url",
    "--index-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "-f": "--find-links",
    "--find-links": "--find-links",
    "--no-binary": "--no-binary",
    "--only-binary": "--only-binary",
}
_FLAGS = {
    "--require-hashes": "--require-hashes",
    "--no-deps": "--no-deps",
    "--upgrade": "--upgrade",
    "-U": "--upgrade",
    "--pre": "--prerelease=allow",
    "--no-build-isolation": "--no-build-isolation",
    "--no-index": "--no-index",
}
# … and those about pip's manners or the image's size, which change nothing of what is installed:
# those with a value, and all of them.
_VALUED_WITHOUT_MEANING = {
    "--root-user-action",
    "--progress-bar",
    "--link-mode",
    "--timeout",
    "--default-timeout",
    "--retries",
}
_WITHOUT_MEANING = _VALUED_WITHOUT_MEANING | {
    "--no-cache-dir",
    "--no-cache",
    "--quiet",
    "-q",
    "--user",
    "--system",
    "--compile",
    "--compile-bytecode",
    "--no-compile",
    "--disable-pip-version-check",
    "--no-input",
    "--no-warn-script-location",
    "--prefer-binary",
    "--break-system-packages",
}


def read_install(command: Sequence[str]) -> Install | None:
    """Return what a command installs; None for another command or one not fully understood."""
    words = list(command)
    while words and re.match(r"^[A-Za-z_]\w*=", words[0]):
        del words[0]
    operation, words = _operation(words)
    if operation is None:
        return None
    translated: list[str] = []
    while words:
        word = words.pop(0)
        option, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if option in _WITH_VALUE:
            if not equals and not words:
                return None
            translated += [_WITH_VALUE[option], value if equals else words.pop(0)]
        elif word in _FLAGS:
            translated.append(_FLAGS[word])
        elif option in _WITHOUT_MEANING:
            if option in _VALUED_WITHOUT_MEANING and not equals and words:
                del words[0]
        elif word.startswith("-") or re.fullmatch(r"[|&<>()]+", word):
            return None
        else:
            translated.append(word)
    return Install(operation=operation, words=tuple(translated))


def _operation(words: list[str]) -> tuple[str | None, list[str]]:
    if not words:
        return None, words
    program = words[0].rsplit("/", 1)[-1]
    if re.fullmatch(r"pip[\d.]*", program):
        rest, allowed = words[1:], {"install"}
    elif re.fullmatch(r"python[\d.]*", program) and words[1:3] == ["-m", "pip"]:
        rest, allowed = words[3:], {"install"}
    elif program == "uv" and words[1:2] == ["pip"]:
        rest, allowed = words[2:], {"install", "sync"}
    else:
        return None, words
    if not rest or rest[0] not in allowed:
        return None, words
    return rest[0], rest[1:]
