"""Headers of HTTP messages, as what stands between a client and a server passes them on."""

from collections.abc import Iterable

RawHeaders = list[tuple[bytes, bytes]]

_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"te", b"trailer"}
    | {b"proxy-authorization", b"transfer-encoding", b"upgrade"}
)


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Headers, their names in lower case, less those of one connection (RFC 9110 section 7.6.1)."""
    lowered = [(n.lower(), v) for n, v in headers]
    named = {t.strip().lower() for n, v in lowered if n == b"connection" for t in v.split(b",")}
    return [(n, v) for n, v in lowered if n not in _HOP_BY_HOP and n not in named]
