#!/bin/sh
# azure-identity 1.27.0 (azure-core 1.41.0): the same failure, a managed-identity endpoint that
# refuses connections, is two different exceptions.
#
# On a virtual machine (the endpoint that AZURE_POD_IDENTITY_AUTHORITY_HOST names in tests) it is
# CredentialUnavailableError, the only one that get_token documents, and a ChainedTokenCredential
# goes on to its next credential. With the variables of App Service and Container Apps
# (IDENTITY_ENDPOINT, IDENTITY_HEADER) it is azure.core's ServiceRequestError, which get_token does
# not document: code that catches CredentialUnavailableError and ClientAuthenticationError misses
# it, and the chain ends without asking its next credential.
#
# Seen on 2026-11-28:
#   virtual machine: CredentialUnavailableError; the chain: token of the next credential
#   App Service: ServiceRequestError; the chain: ClientAuthenticationError
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" &&
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
        azure-identity==1.27.0 azure-core==1.41.0 || exit 2
cat >"$folder/seen" <<'SEEN'
virtual machine: CredentialUnavailableError; the chain: token of the next credential
App Service: ServiceRequestError; the chain: ClientAuthenticationError
SEEN
unset AZURE_CLIENT_ID AZURE_POD_IDENTITY_AUTHORITY_HOST IDENTITY_ENDPOINT IDENTITY_HEADER \
    IDENTITY_SERVER_THUMBPRINT IMDS_ENDPOINT MSI_ENDPOINT MSI_SECRET AZURE_FEDERATED_TOKEN_FILE
"$folder/venv/bin/python" - >"$folder/now" 2>"$folder/log" <<'PY' || { cat "$folder/log" >&2; exit 1; }
import os
import socket
import time

from azure.core.credentials import AccessToken
from azure.identity import ChainedTokenCredential, ManagedIdentityCredential

SCOPE = "https://management.azure.com/.default"


class Next:
    def get_token(self, *scopes, **options):
        return AccessToken("token of the next credential", int(time.time()) + 3600)


def result(credential):
    try:
        return credential.get_token(SCOPE).token
    except Exception as error:
        return type(error).__name__


def show(place):
    alone = result(ManagedIdentityCredential(retry_total=0))
    chain = result(ChainedTokenCredential(ManagedIdentityCredential(retry_total=0), Next()))
    print(f"{place}: {alone}; the chain: {chain}")


with socket.socket() as taken:
    # Bound and not listening: connections are refused, and nobody else can take the port.
    taken.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = address
    show("virtual machine")
    os.environ |= {"IDENTITY_ENDPOINT": f"{address}/msi/token", "IDENTITY_HEADER": "header"}
    show("App Service")
PY
diff "$folder/seen" "$folder/now"
cat "$folder/now"
