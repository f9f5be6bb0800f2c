import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from frugal.cloud.tls import Authority

HOST = "pg1.postgres.database.azure.com"


async def shake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> tuple[str, bytes]:
    """Connect over loopback; the TLS version and the certificate (DER) that the client saw."""
    seen = asyncio.Event()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await seen.wait()
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server)
    try:
        port = listener.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=client, server_hostname=host
        )
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        version, certificate = tls.version(), tls.getpeercert(binary_form=True)
        writer.close()
    finally:
        seen.set()
        listener.close()
    assert version is not None
    assert certificate is not None
    return version, certificate


def trusting(authority: Authority) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.ca_file))
    # What Python 3.13 asks of every certificate.
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


async def test_a_client_that_trusts_the_authority_sees_the_host(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    version, der = await shake(authority.context(HOST), trusting(authority), HOST)

    assert version == "TLSv1.3"
    certificate = x509.load_der_x509_certificate(der)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [HOST]
    now = datetime.now(UTC)
    assert certificate.not_valid_before_utc < now - timedelta(minutes=1)
    assert now + timedelta(days=90) < certificate.not_valid_after_utc < now + timedelta(days=398)


@pytest.mark.parametrize("hours", [-24, 24])
async def test_a_clock_that_jumps_leaves_certificates_good(tmp_path: Path, hours: int) -> None:
    """Both the authority's and a server's are made before the jump, and checked after it."""

    def before() -> datetime:
        return datetime.now(UTC) - timedelta(hours=hours)

    authority = Authority(tmp_path, clock=before)
    context = authority.context(HOST)

    await shake(context, trusting(authority), HOST)
    await shake(Authority(tmp_path).context(HOST), trusting(authority), HOST)


def test_the_authority_is_as_old_as_any_clock(tmp_path: Path) -> None:
    certificate = x509.load_pem_x509_certificate(Authority(tmp_path).ca_file.read_bytes())

    assert certificate.not_valid_before_utc.year == 2000
    assert certificate.not_valid_after_utc.year == 3000


async def test_another_host_name_is_not_covered(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        await shake(authority.context(HOST), trusting(authority), "other" + HOST)


async def test_several_names_and_one_longer_than_a_common_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    long = f"{'a' * 60}.{'b' * 60}.example"
    context = authority.context(long, "localhost")

    await shake(context, trusting(authority), "localhost")
    await shake(context, trusting(authority), long)


async def test_a_restart_keeps_the_authority(tmp_path: Path) -> None:
    first = trusting(Authority(tmp_path))

    await shake(Authority(tmp_path).context(HOST), first, HOST)


async def test_two_authorities_do_not_trust_each_other(tmp_path: Path) -> None:
    one, two = Authority(tmp_path / "one"), Authority(tmp_path / "two")

    with pytest.raises(ssl.SSLCertVerificationError):
        await shake(one.context(HOST), trusting(two), HOST)


def test_a_lost_certificate_comes_back_as_it_was(tmp_path: Path) -> None:
    file = Authority(tmp_path).ca_file
    before = file.read_bytes()
    file.unlink()

    assert Authority(tmp_path).ca_file.read_bytes() == before


def test_the_key_is_private_and_the_certificate_is_not(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    modes = {f.name: f.stat().st_mode & 0o777 for f in tmp_path.iterdir()}
    assert modes == {"ca.key": 0o600, "ca.pem": 0o644, "bundle.pem": 0o644}
    assert b"PRIVATE" not in authority.ca_file.read_bytes()


def test_tls_is_1_2_or_newer(tmp_path: Path) -> None:
    assert Authority(tmp_path).context(HOST).minimum_version == ssl.TLSVersion.TLSv1_2
