"""Certificates of the local cloud, from an authority of its own that only its apps trust."""

import base64
import hashlib
import secrets
import ssl
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from frugal.atomic import atomic_write
from frugal.cloud.keyfile import load_or_create

# A server gets a new certificate at every start of the daemon, which hardly runs for a year.
_LIFETIME = timedelta(days=397)
# A machine's clock may be set back by a day under a daemon that runs.
_BACKDATED = timedelta(hours=25)


def _now() -> datetime:
    return datetime.now(UTC)


class Authority:
    """A certificate authority stored in `folder`, the same at every start.

    `ca_file` (ca.pem) is public: what a client names as its root (PGSSLROOTCERT). `bundle_file`
    has this authority beside the public ones of certifi, for clients that also go elsewhere. The
    key and its certificate are in `ca.key`, readable for its owner alone. Its own certificate is
    good from 2000 to 3000, trustme's (1.2.1) choice, whatever the clock says when it is made.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = _now) -> None:
        self.clock = clock
        # A damaged one can be replaced: clients read the certificate from here at each start.
        self._ca = load_or_create(folder / "ca.key", _new, _authority)
        self.ca_file = folder / "ca.pem"
        self.bundle_file = folder / "bundle.pem"
        # Always from the key's own file, so that the two can't be of different authorities.
        certificate = self._ca.cert_pem.bytes()
        _keep(self.ca_file, certificate)
        _keep(self.bundle_file, certificate + Path(certifi.where()).read_bytes())

    @property
    def pin(self) -> str:
        """Hash (SHA-256, base64) of the authority's public key, by which Chromium may trust it."""
        key = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes()).public_key()
        known = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(known).digest()).decode()

    def context(self, *host_names: str, lifetime: timedelta = _LIFETIME) -> ssl.SSLContext:
        """A server's TLS context with a new certificate for `host_names`; TLS 1.2 or newer."""
        begin = self.clock()
        certificate = self._ca.issue_cert(
            *host_names,
            common_name=host_names[0] if len(host_names[0]) <= 64 else None,  # noqa: PLR2004 - X.509's limit
            not_before=begin - _BACKDATED,
            not_after=begin + lifetime,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # The authority's own certificate is sent too: Chromium looks for a pin in what it is sent.
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate.private_key_and_cert_chain_pem.bytes())
            file.write(self._ca.cert_pem.bytes())
            file.flush()
            context.load_cert_chain(file.name)
        return context


def _authority(pem: bytes) -> trustme.CA:
    return trustme.CA.from_pem(cert_bytes=pem, private_key_bytes=pem)


def _keep(file: Path, content: bytes) -> None:
    """Write a file that everybody may read, whole or not at all, unless it holds this already."""
    if file.exists() and file.read_bytes() == content:
        return
    atomic_write(file, content, mode=0o644)


def _new() -> bytes:
    ca = trustme.CA(
        organization_name="Frugal local cloud",
        # Two clones have two authorities: a certificate shown tells whose it is.
        organization_unit_name=f"Environment {secrets.token_hex(4)}",
    )
    return ca.cert_pem.bytes() + ca.private_key_pem.bytes()
