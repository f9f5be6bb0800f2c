"""HTTP clients without TLS."""

import ssl

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""The TLS of clients that use none: httpx's own reads every authority, 60 ms of CPU a client."""
