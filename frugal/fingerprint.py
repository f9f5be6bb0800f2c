"""Which code this is, and under which network settings it runs.

A daemon that was started by other code, or that reaches the network another way than its user does
now (a proxy, a certificate file), is told apart from one that can be used.
"""

import hashlib
import os
from pathlib import Path

_NETWORK = ("http_proxy", "https_proxy", "all_proxy", "ssl_cert_file", "ssl_cert_dir")


def fingerprint() -> str:
    """A digest of every module of the tool as it is on disk, and of the network's variables."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for module in sorted(package.rglob("*.py")):
        digest.update(module.relative_to(package).as_posix().encode() + b"\0")
        digest.update(module.read_bytes())
    for name, value in sorted(os.environ.items()):
        if name.lower() in _NETWORK:
            digest.update(f"{name}={value}\0".encode())
    return digest.hexdigest()
