"""Faults tried for real: scripts that `make test` does not run."""
