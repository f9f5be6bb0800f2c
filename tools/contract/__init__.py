"""Derives `frugal/cloud/contract/data` from Microsoft's own packages; see README.md beside it."""
