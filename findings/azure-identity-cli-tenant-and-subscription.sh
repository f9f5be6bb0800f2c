#!/bin/sh
# azure-identity 1.27.0 with azure-cli 2.91.0: AzureCliCredential takes tenant_id and subscription,
# both documented, and hands both to `az account get-access-token`, which refuses the combination,
# also when the tenant is the subscription's own. No token can be had in that way.
#
# Without a login, each argument alone gets as far as the request to log in
# (CredentialUnavailableError, so a credential chain goes on). Together they get
# ClientAuthenticationError with the CLI's refusal of its arguments, and a chain ends. A tenant
# that comes with the request (a Key Vault's challenge) has the same effect as tenant_id.
# The CLI's side is Azure/azure-cli issue 32755 (2026-02, open).
#
# Seen on 2026-11-28:
#   tenant_id: CredentialUnavailableError: Please run 'az login' to set up an account
#   subscription: CredentialUnavailableError: Please run 'az login' to set up an account
#   both: ClientAuthenticationError: ERROR: Please specify only one of subscription and tenant, not both
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Each in its own environment, as the CLI pins what it needs. It is large: some minutes, 750 MB.
python3 -m venv "$folder/venv" && python3 -m venv "$folder/cli" &&
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check azure-identity==1.27.0 &&
    "$folder/cli/bin/pip" install --quiet --disable-pip-version-check azure-cli==2.91.0 || exit 2
cat >"$folder/seen" <<'SEEN'
tenant_id: CredentialUnavailableError: Please run 'az login' to set up an account
subscription: CredentialUnavailableError: Please run 'az login' to set up an account
both: ClientAuthenticationError: ERROR: Please specify only one of subscription and tenant, not both
SEEN
export AZURE_CONFIG_DIR="$folder/config" AZURE_CORE_COLLECT_TELEMETRY=false
export PATH="$folder/cli/bin:$PATH"
"$folder/venv/bin/python" - >"$folder/now" 2>"$folder/log" <<'PY' || { cat "$folder/log" >&2; exit 1; }
from azure.identity import AzureCliCredential

TENANT = {"tenant_id": "11111111-1111-1111-1111-111111111111"}
SUBSCRIPTION = {"subscription": "22222222-2222-2222-2222-222222222222"}

for name, arguments in {
    "tenant_id": TENANT,
    "subscription": SUBSCRIPTION,
    "both": TENANT | SUBSCRIPTION,
}.items():
    credential = AzureCliCredential(**arguments, process_timeout=120)
    try:
        credential.get_token("https://management.azure.com/.default")
        print(f"{name}: a token")
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {str(error).strip().splitlines()[0]}")
PY
diff "$folder/seen" "$folder/now"
cat "$folder/now"
