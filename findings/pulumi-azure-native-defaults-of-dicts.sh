#!/bin/sh
# pulumi-azure-native 3.29.0 (pulumi 3.272.0): the same nested block registers other inputs as an
# Args class than as a dict, though both are documented as equal ways to write it.
#
# A web app's site_config with always_on=True: as SiteConfigArgs the SDK adds http20Enabled,
# localMySqlEnabled and netFrameworkVersion, as a dict (typed, in snake case, or in camel case) it
# adds nothing. A program that only changes its style from one to the other declares another app: one
# asks for HTTP/2, the other does not. The defaults of a nested block are set in the constructor of
# its class alone (pulumi/pulumi issue 13810, 2023, open).
#
# Seen on 2026-11-28:
#   Args: alwaysOn=True http20Enabled=True localMySqlEnabled=False netFrameworkVersion='v4.6'
#   dict: alwaysOn=True
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" &&
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
        pulumi==3.272.0 pulumi-azure-native==3.29.0 || exit 2
cat >"$folder/seen" <<'SEEN'
Args: alwaysOn=True http20Enabled=True localMySqlEnabled=False netFrameworkVersion='v4.6'
dict: alwaysOn=True
SEEN
"$folder/venv/bin/python" - >"$folder/now" 2>"$folder/log" <<'PY' || { cat "$folder/log" >&2; exit 1; }
import pulumi
from pulumi_azure_native import web

registered = {}


class Recorder(pulumi.runtime.Mocks):
    def new_resource(self, args):
        registered[args.name] = args.inputs
        return f"{args.name}-id", args.inputs

    def call(self, args):
        return {}


pulumi.runtime.set_mocks(Recorder())


@pulumi.runtime.test
def declare():
    blocks = {"Args": web.SiteConfigArgs(always_on=True), "dict": {"always_on": True}}
    sites = [
        web.WebApp(name, resource_group_name="group", name="site", site_config=block)
        for name, block in blocks.items()
    ]
    return pulumi.Output.all(*(site.id for site in sites))


declare()
for name, inputs in sorted(registered.items()):
    print(f"{name}:", *(f"{key}={value!r}" for key, value in sorted(inputs["siteConfig"].items())))
PY
diff "$folder/seen" "$folder/now"
cat "$folder/now"
