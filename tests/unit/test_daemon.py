"""The daemon as the command asks it."""

import http.client
from typing import Any

import pytest

from frugal.cloud.processes.app import DEPLOY_TIMEOUT
from frugal.errors import FrugalError
from frugal.local.daemon import Daemon


def test_a_sweep_has_the_time_of_the_deployment_it_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patience: list[float] = []

    class Connection(http.client.HTTPConnection):
        def __init__(self, *arguments: Any, timeout: float) -> None:
            patience.append(timeout)
            super().__init__(*arguments, timeout=timeout)

        def connect(self) -> None:
            raise ConnectionRefusedError

    monkeypatch.setattr(http.client, "HTTPConnection", Connection)
    daemon = Daemon(pid=1, http=1, admin_token="", identity_header="", code="")
    with pytest.raises(FrugalError, match="/frugal/sweep"):
        daemon.sweep("frugal", [])
    assert patience[0] > DEPLOY_TIMEOUT
