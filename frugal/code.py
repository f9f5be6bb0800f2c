"""Which code this is: a daemon started by other code is told apart from one of our own."""

import hashlib
from pathlib import Path


def fingerprint() -> str:
    """A digest of every module of the tool, as it is on disk now."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for module in sorted(package.rglob("*.py")):
        digest.update(module.relative_to(package).as_posix().encode() + b"\0")
        digest.update(module.read_bytes())
    return digest.hexdigest()
