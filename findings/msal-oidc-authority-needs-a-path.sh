#!/bin/sh
# msal 1.39.0: `oidc_authority` takes the issuer of any OpenID provider, but not one without a path.
#
# An issuer is an https address whose path may be empty (OpenID Connect Discovery 1.0, section 2),
# and large providers use a bare host (Google's is https://accounts.google.com). For such an issuer
# the constructor raises ValueError before it asks for any metadata, and the message speaks of
# Microsoft's tenants. The same provider below a path is accepted.
#
# Seen on 2026-11-29:
#   https://login.example.com/realm: asks /realm/.well-known/openid-configuration
#   https://login.example.com: ValueError
#   https://login.example.com/: ValueError
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" &&
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check msal==1.39.0 || exit 2
cat >"$folder/seen" <<'SEEN'
https://login.example.com/realm: asks /realm/.well-known/openid-configuration
https://login.example.com: ValueError
https://login.example.com/: ValueError
SEEN
"$folder/venv/bin/python" - >"$folder/now" 2>"$folder/log" <<'PY' || { cat "$folder/log" >&2; exit 1; }
import json
from urllib.parse import urlsplit

import msal


class Answer:
    status_code = 200
    headers = {}

    def __init__(self, text):
        self.text = text

    def raise_for_status(self):
        pass


class Provider:
    """Metadata of the issuer that is asked for, without a network."""

    def __init__(self):
        self.paths = []

    def get(self, url, **options):
        self.paths.append(urlsplit(url).path)
        issuer = url.removesuffix("/.well-known/openid-configuration")
        metadata = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
        }
        return Answer(json.dumps(metadata))

    def close(self):
        pass


for issuer in (
    "https://login.example.com/realm",
    "https://login.example.com",
    "https://login.example.com/",
):
    provider = Provider()
    try:
        msal.ConfidentialClientApplication(
            "client", client_credential="secret", oidc_authority=issuer, http_client=provider
        )
        print(f"{issuer}: asks {', '.join(provider.paths)}")
    except ValueError as error:
        print(f"{issuer}: {type(error).__name__}")
PY
diff "$folder/seen" "$folder/now"
cat "$folder/now"
