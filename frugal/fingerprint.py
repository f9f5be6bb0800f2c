"""Digests of code: of the tool with its network settings, and of files of the checkout.

A daemon that was started by other code or with other network settings (a proxy, a certificate file)
is recognised by its digest and restarted.
"""

import hashlib
import os
from pathlib import Path

_CODE = (".py", ".json")
_NETWORK = ("http_proxy", "https_proxy", "all_proxy", "ssl_cert_file", "ssl_cert_dir")


def fingerprint() -> str:
    """Digest the tool's modules as they are on disk, and the network's variables."""
    package = Path(__file__).parent
    digest = hashlib.sha256(content_digest(package.parent, package.name).encode())
    for name, value in sorted(os.environ.items()):
        if name.lower() in _NETWORK:
            digest.update(f"{name}={value}\0".encode())
    return digest.hexdigest()


def content_digest(root: Path, *names: str) -> str:
    """SHA-256 of files, and of modules and JSON data in folders, named from `root`."""
    digest = hashlib.sha256()
    for name in names:
        path = root / name
        files = sorted(f for f in path.rglob("*") if f.suffix in _CODE) if path.is_dir() else [path]
        for file in files:
            digest.update(file.relative_to(root).as_posix().encode() + b"\0")
            digest.update(file.read_bytes())
    return digest.hexdigest()
