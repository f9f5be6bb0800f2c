"""Stacks: what belongs and is deployed together, one file each."""
