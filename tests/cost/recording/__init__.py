"""Records what the pinned Pulumi CLI writes, for `tests/cost/test_recorded.py`; see __main__.py."""
