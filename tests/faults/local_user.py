"""Try what another user of this machine may do to a running environment `local`.

    .venv/bin/python -m tests.faults.local_user CHECKOUT

As root alone: it learns ids, ports and secrets' places as the owner, tries each thing as the owner
first (who must be able to, else nothing is proven), then gives its rights up for good and tries all
of it again. A line each: ALLOWED, refused, or `not tried` for whatever is no proof of a refusal.
Ends with 1 if anything is allowed but what docs/local-cloud.md lists as public, with 2 if something
could not be tried.
"""

import argparse
import contextlib
import http.client
import json
import os
import socket
import ssl
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil
import psycopg
from google.protobuf import struct_pb2
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from frugal.local import daemon as daemons
from frugal.paths import Checkout

STRANGER = 65533
"""A user id that no system assigns (systemd, docs/UIDS-GIDS.md), in no group."""
FILES = (
    "cloud/daemon.json", "cloud/resources", "cloud/resources.key", "cloud/ports.json",
    "cloud/state.json", "cloud/tokens/tokens.key", "cloud/tls/ca.key", "cloud/daemon.log",
    "cloud/logs/*.log", "state/.pulumi/stacks/frugal/local.json*", "state/.pulumi/meta.yaml",
    "state/store/*", "cloud/postgres/*/data/PG_VERSION", "cloud/outside/numbers.json",
    "cloud/outside/environment", "cloud/images/*.json", "cloud/images/*/*", "cloud/apps/*",
    "pulumi/plugins/*/*",
)  # fmt: skip
FOLDERS = ("", "cloud", "cloud/images", "cloud/apps", "cloud/postgres", "cloud/logs", "state")
WRONG_TOKENS: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer x"},
)
DISGUISES = ("//frugal/status", "/FRUGAL/status", "/frugal%2fstatus", "/msi/../frugal/status")


class RefusedError(Exception):
    """The proof that somebody was kept out."""


@dataclass(frozen=True)
class Attempt:
    """`act` returns what was got, raises RefusedError for a proven refusal, or else what it likes.

    `public`: docs/local-cloud.md lets everybody in. `owner`: what proves that it can be tried at
    all, where the owner does it with a secret that the stranger has not; None: `act` itself.
    """

    name: str
    act: Callable[[], object]
    public: bool = False
    owner: Callable[[], object] | None = None


@contextlib.contextmanager
def by_the_system() -> Iterator[None]:
    """Count a denial by the kernel as refused."""
    try:
        yield
    except PermissionError as error:
        raise RefusedError(error.strerror) from None


def read(path: Path) -> str:
    with by_the_system():
        if path.is_dir():
            return f"{len(list(path.iterdir()))} entries"
        with path.open("rb") as file:
            file.read(1)
        return ""


def write(folder: Path) -> str:
    file = folder / "a-strangers"
    with by_the_system():
        file.touch()
        file.unlink()
    return ""


def signal_to(pid: int) -> str:
    with by_the_system():
        os.kill(pid, 0)
    return ""


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(200)
    finally:
        connection.close()


def get(port: int, path: str, method: str = "GET", **headers: str) -> str:
    status, _ = ask(port, path, method, **headers)
    if status in {400, 401, 403, 404, 405}:
        raise RefusedError(str(status))
    assert status < 400, status
    return str(status)


def call(port: int, act: Callable[[provider_pb2_grpc.ResourceProviderStub], Any]) -> str:
    """One call of the provider over a connection of its own."""
    # A pool of its own: a connection of the owner's must not be taken over.
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        try:
            return str(act(provider_pb2_grpc.ResourceProviderStub(channel)))[:60].replace("\n", " ")
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.PERMISSION_DENIED:
                raise RefusedError("PERMISSION_DENIED") from None
            raise


def create_and_delete(stub: provider_pb2_grpc.ResourceProviderStub) -> str:
    struct = struct_pb2.Struct()
    struct.update({"resourceGroupName": "strangers", "location": "eastus"})
    urn = "urn:pulumi:local::frugal::azure-native:resources:ResourceGroup::strangers"
    made = stub.Create(provider_pb2.CreateRequest(urn=urn, properties=struct), timeout=60)
    stub.Delete(provider_pb2.DeleteRequest(id=made.id, urn=urn), timeout=60)
    return made.id


def connect(host: str, port: int, **options: str) -> str:
    try:
        with psycopg.connect(host=host, port=port, user="azuresu", dbname="postgres", **options):
            return ""
    except psycopg.OperationalError as error:
        words = ("Permission denied", "authentication", "SSL", "password", "pg_hba", "FATAL")
        if any(word in str(error) for word in words):
            raise RefusedError(str(error).strip().splitlines()[-1][-60:]) from None
        raise


def open_port(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=10):
        return ""


def attempts(checkout: Checkout) -> Iterator[Attempt]:
    """All that is tried, named with what only the owner knows."""
    local, cloud = checkout.local, checkout.cloud
    told = json.loads((cloud / "daemon.json").read_text())
    daemon = daemons.find(checkout)
    assert daemon is not None, "no daemon runs"
    status = daemon.status()
    yield from of_files(local)
    yield from unlisted(checkout, told, status, daemons.family(daemon.pid))
    for process in daemons.family(daemon.pid):
        name = f"{Path((process.cmdline() or ['?'])[0]).name} ({process.username()})"
        environ = Path(f"/proc/{process.pid}/environ")
        yield Attempt(f"read the environment of {name}", lambda p=environ: read(p))
        yield Attempt(f"signal {name}", lambda p=process.pid: signal_to(p))
    yield from of_provider(told["grpc"], [r["id"] for r in status["resources"]])
    yield from of_resource_manager(told, [r["id"] for r in status["resources"]])
    for name, server in status["postgres"].items():
        data, outer = server["data"], port_of(checkout, name)
        yield Attempt(f"the socket of {name}", lambda d=data: connect(d, 5432))
        yield Attempt(
            f"{name} by its port, without a token",
            lambda p=outer: connect("127.0.0.1", p, password="x", sslmode="require"),
            owner=lambda p=outer: open_port(p),
        )
    yield from of_translator(checkout, status)
    for name, url in status["urls"].items():
        port = int(url.rstrip("/").rpartition(":")[2])
        yield Attempt(f"site {name}", lambda p=port: get(p, "/"), public=True)
    for name, app in status["apps"].items():
        for replica in app["replicas"]:
            if replica["port"]:
                yield Attempt(
                    f"replica of {name}", lambda p=replica["port"]: open_port(p), public=True
                )


def of_files(local: Path) -> Iterator[Attempt]:
    for pattern in FILES:
        for path in sorted(local.glob(pattern))[:4]:
            name = path.relative_to(local)
            yield Attempt(f"read {name}", lambda p=path: read(p))
    for name in FOLDERS:
        folder = local / name
        if folder.exists():
            yield Attempt(f"list .frugal/local/{name}", lambda p=folder: read(p))
            yield Attempt(f"write to .frugal/local/{name}", lambda p=folder: write(p))


def of_provider(port: int, ids: list[str]) -> Iterator[Attempt]:
    yield Attempt(
        "gRPC: ask the provider's version",
        lambda: call(port, lambda stub: stub.GetPluginInfo(Empty(), timeout=30).version),
    )
    for resource_id in (
        i for i in ids if i.rsplit("/", 2)[1] in {"flexibleServers", "containerApps"}
    ):
        asked = provider_pb2.ReadRequest(id=resource_id, urn="x")
        yield Attempt(
            f"gRPC: read {resource_id.rsplit('/', 1)[1]}",
            lambda r=asked: call(port, lambda stub: stub.Read(r, timeout=30).id),
        )
    yield Attempt("gRPC: create and delete", lambda: call(port, create_and_delete))


def of_resource_manager(told: dict[str, Any], ids: list[str]) -> Iterator[Attempt]:
    port = told["http"]
    admin = {"Authorization": f"Bearer {told['admin_token']}"}
    secret = {"X-IDENTITY-HEADER": told["identity_header"]}
    base = f"http://127.0.0.1:{port}"
    identity = f"/msi/token?resource={base}"
    for path in ("/frugal/status", "/frugal/rows"):
        for headers in WRONG_TOKENS:
            yield Attempt(
                f"GET {path} {headers or 'without a token'}",
                lambda p=path, h=headers: get(port, p, **h),
                owner=lambda p=path: get(port, p, **admin),
            )
    for path in DISGUISES:
        yield Attempt(
            f"GET {path}",
            lambda p=path: get(port, p),
            owner=lambda: get(port, "/frugal/status", **admin),
        )
    for path, method in (("/frugal/sweep", "POST"), ("/frugal/days", "PUT")):
        yield Attempt(
            f"{method} {path}",
            lambda p=path, m=method: get(port, p, m),
            owner=lambda: get(port, "/frugal/status", **admin),
        )
    for headers in ({}, {"X-IDENTITY-HEADER": "x"}):
        yield Attempt(
            f"a token of the deployer's, {headers or 'without the header'}",
            lambda h=headers: get(port, identity, **h),
            owner=lambda: get(port, identity, **secret),
        )
    for headers in WRONG_TOKENS:
        yield Attempt(
            f"GET a resource {headers or 'without a token'}",
            lambda h=headers: get(port, ids[0], **h),
            owner=lambda: get(port, "/frugal/status", **admin),
        )
    for path in ("/logs/x", "/uploads/x"):
        yield Attempt(
            f"GET {path}, a guessed name",
            lambda p=path: get(port, p),
            owner=lambda: get(port, "/metadata/endpoints"),
        )
    yield Attempt("GET /metadata/endpoints", lambda: get(port, "/metadata/endpoints"), public=True)


def unlisted(
    checkout: Checkout,
    told: dict[str, Any],
    status: dict[str, Any],
    family: list[psutil.Process],
) -> Iterator[Attempt]:
    """Listeners of the environment that no table of the docs names."""
    known = {told["http"], told["grpc"]}
    known |= set(json.loads((checkout.cloud / "ports.json").read_text()).values())
    known |= {r["port"] for app in status["apps"].values() for r in app["replicas"]}
    for process in family:
        for connection in process.net_connections():
            port = connection.laddr.port if connection.status == psutil.CONN_LISTEN else None
            if port is not None and port not in known:
                yield Attempt(f"port {port}, in no list", lambda p=port: open_port(p))


def of_translator(checkout: Checkout, status: dict[str, Any]) -> Iterator[Attempt]:
    """The accounts with their tunnel, and a page that leads its own name to this machine."""
    ports = json.loads((checkout.cloud / "ports.json").read_text())
    for name, port in ports.items():
        if "/accounts/" in name:
            yield Attempt(
                f"translate with {name.rsplit('/', 1)[1]}, without a token",
                lambda p=port: translate(p),
                owner=lambda p=port: open_port(p),
            )
    if "tunnel" in ports:
        yield Attempt("tunnel", lambda: open_port(ports["tunnel"]), public=True)
    page = {"Host": "strangers.example", "Origin": "http://strangers.example"}
    page["Sec-Fetch-Site"] = "same-origin"
    for name in (name for name in status["urls"] if name.startswith("translator")):
        port = int(status["urls"][name].rstrip("/").rpartition(":")[2])
        yield Attempt(
            f"POST to {name} by the page of a site that leads its name here",
            lambda p=port, h=page: get(p, "/api/rounds", "POST", **h),
            owner=lambda p=port: get(p, "/"),
        )


def translate(port: int) -> str:
    # The stranger can't read the authority; who is at the other end is not in question here.
    context = ssl._create_unverified_context()  # noqa: S323
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=context)
    try:
        connection.request("POST", "/translator/text/v3.0/translate?to=fr", body='[{"Text": "x"}]')
        status = connection.getresponse().status
    finally:
        connection.close()
    if status == 401:
        raise RefusedError(str(status))
    assert status == 200, status
    return str(status)


def port_of(checkout: Checkout, name: str) -> int:
    ports = json.loads((checkout.cloud / "ports.json").read_text())
    return next(port for key, port in ports.items() if key.endswith(f"/{name.lower()}"))


def outcome(act: Callable[[], object]) -> tuple[str, str]:
    try:
        return "ALLOWED", str(act() or "")
    except RefusedError as refusal:
        return "refused", str(refusal)
    except Exception as error:  # whatever else it is, it proves nothing
        return "not tried", f"{type(error).__name__}: {error}".replace("\n", " ")[:160]


def become_a_stranger() -> None:
    """Give up root's rights in all threads, with no way back."""
    os.setgroups([])
    os.setresgid(STRANGER, STRANGER, STRANGER)
    os.setresuid(STRANGER, STRANGER, STRANGER)
    os.environ["HOME"] = "/nonexistent"


def main() -> int:
    """Try all; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkout", type=Path)
    checkout = Checkout(parser.parse_args().checkout.resolve())
    if os.geteuid() != 0 or not Path("/proc").is_dir():
        print("not tried: only root can become another user here, and it takes Linux")
        return 2
    assert STRANGER not in {p.uids().real for p in psutil.process_iter()}
    trials = list(attempts(checkout))
    able = [outcome(trial.owner or trial.act) for trial in trials]
    become_a_stranger()
    counts = Counter[str]()
    for trial, (owner, why) in zip(trials, able, strict=True):
        found, more = outcome(trial.act) if owner == "ALLOWED" else ("not tried", f"owner: {why}")
        if found == "ALLOWED" and trial.public:
            more = f"public {more}"
        counts[f"{found}, public" if trial.public else found] += 1
        print(f"{found:10}{trial.name}  {more}", flush=True)
    print("; ".join(f"{number} {name}" for name, number in sorted(counts.items())))
    if counts["ALLOWED"]:
        return 1
    return 2 if any(name.startswith("not tried") for name in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
