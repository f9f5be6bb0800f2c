"""The Pulumi program: runs the package `infra`."""

import runpy

runpy.run_module("infra", run_name="__main__")
