"""The real program on the real engine: up, use, change, break, mend, down.

The environment is the one of the whole session. A test leaves its checkout as it found it; what
runs follows with the next test's `up`.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import httpx
import psutil
import pytest

from tests.engine.clone import Clone, kill, until
from tests.environment import ROOT, SETTINGS, Environment, get, settings
from tests.plain_http import PLAIN

CANARY = "canary-9f27c1e6"


def test_pages_come_through_the_edge_and_from_its_cache(environment: Environment) -> None:
    first = get(environment.url("homepage"))
    second = get(environment.url("homepage"))
    origin = get(environment.url("homepage_origin"))

    assert (first.status_code, second.status_code, origin.status_code) == (200, 200, 200)
    assert "HIT" in second.headers["x-cache"]
    assert "x-cache" not in origin.headers
    assert second.text == origin.text
    shown = json.loads(environment.clone.frugal("status", "--json").stdout)
    assert shown["urls"] == environment.status()["urls"]


def test_the_translator_names_and_keeps(environment: Environment) -> None:
    name = get(environment.url("translator") + "generate_name?starts_with=m").json()["name"]
    assert name.casefold().startswith("m")
    assert environment.read_round(environment.write_round("kept")) == "kept"


def test_killed_processes_come_back_with_the_rows_and_nothing_is_to_be_done(
    environment: Environment,
) -> None:
    location = environment.write_round("survives")
    (app,) = environment.pids("translator")
    kill(app)
    until(lambda: app not in environment.pids("translator"))
    until(lambda: environment.status()["health"]["translator"] == "healthy")
    assert environment.read_round(location) == "survives"

    for process in _postmasters(environment.clone):
        process.kill()
    until(lambda: _serves(environment, location))
    assert environment.read_round(location) == "survives"

    kill(environment.clone.daemon_pid())
    until(lambda: not _postmasters(environment.clone))
    assert re.search(r"Resources: \d+ unchanged\.", environment.up().stdout)
    assert environment.read_round(location) == "survives"


def test_drift_is_seen_and_mended(environment: Environment) -> None:
    (app,) = environment.resource_ids("containerApps")
    (route,) = [i for i in environment.resource_ids("routes") if "homepage" in i and "private" in i]
    body = {"properties": {"template": {"scale": {"maxReplicas": 9}}}}
    assert environment.azure("PATCH", app, body).status_code == 200
    assert environment.azure("DELETE", route).status_code == 200

    refreshed = environment.clone.pulumi("refresh", "--yes", "-s", "local")
    assert refreshed.returncode == 0, refreshed.stdout
    assert "1 updated" in refreshed.stdout
    assert "1 deleted" in refreshed.stdout
    mended = environment.apply().stdout
    assert re.search(r"\+ 1 created\n\s*~ 1 updated\n\s*2 changes\. ", mended), mended
    assert route in environment.resource_ids("routes")
    scale = environment.azure("GET", app).json()["properties"]["template"]["scale"]
    assert scale["maxReplicas"] == 3


def test_every_listener_is_one_that_the_document_lists(environment: Environment) -> None:
    section = (ROOT / "docs/local-cloud.md").read_text().partition("## Who gets in\n")[2]
    first_cells = re.findall(r"^\| ([^|]+) \|", section.partition("\n## ")[0], re.MULTILINE)
    listed = {name.lower() for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)}
    clone = environment.clone
    kept = json.loads((clone.cloud / "ports.json").read_text())
    names = {port: key.rsplit("/", 2)[-2] if "/" in key else key for key, port in kept.items()}
    names[json.loads((clone.cloud / "daemon.json").read_text())["grpc"]] = "grpc"
    for app in environment.status()["apps"].values():
        names |= {replica["port"]: "replica" for replica in app["replicas"]}

    daemon = psutil.Process(clone.daemon_pid())
    family = [daemon, *daemon.children(recursive=True)]
    connections = [c for process in family for c in process.net_connections("inet")]
    listening = {c.laddr for c in connections if c.status == psutil.CONN_LISTEN}
    # gRPC listens with a socket of both protocols.
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}
    found = {names.get(address.port, address.port) for address in listening}
    assert found <= listed, found - listed
    assert {"grpc", "replica", "resource-manager", "afdendpoints", "flexibleservers"} <= found


def test_broken_code_takes_no_traffic_and_says_why(environment: Environment) -> None:
    main = environment.clone.root / "apps/homepage/homepage/__main__.py"
    text = main.read_text()
    main.write_text("raise RuntimeError('broken on purpose')\n" + text)
    broken = environment.clone.frugal("up")
    main.write_text(text)

    assert broken.returncode != 0
    # The app's own traceback, and none of the command.
    assert "broken on purpose" in broken.stderr
    assert "frugal/commands" not in broken.stderr
    assert get(environment.url("homepage_origin")).status_code == 200


async def test_mended_it_is_redeployed_under_load_and_no_request_is_lost(
    environment: Environment,
) -> None:
    url = environment.url("homepage_origin")
    page = environment.clone.root / "apps/homepage/homepage/pages/templates/pages/index.html"
    text = page.read_text()
    assert "</h1>" in text
    page.write_text(text.replace("</h1>", " (another edition)</h1>"))
    done = asyncio.Event()

    async def visit(client: httpx.AsyncClient) -> list[tuple[int, bool]]:
        seen: list[tuple[int, bool]] = []
        while not done.is_set():
            answer = await client.get(url)
            seen.append((answer.status_code, "another edition" in answer.text))
            # Leaves the deployment most of the machine.
            await asyncio.sleep(0.05)
        return seen

    async with httpx.AsyncClient(timeout=30, verify=PLAIN) as client:
        visitors = [asyncio.create_task(visit(client)) for _ in range(4)]
        await asyncio.to_thread(environment.apply)
        done.set()
        seen = [one for visitor in visitors for one in await visitor]
    page.write_text(text)

    assert {status for status, _ in seen} == {200}
    assert {new for _, new in seen} == {False, True}


@pytest.fixture(scope="module")
def secretive(environment: Environment) -> Iterator[CompletedProcess[str]]:
    """The `up` by which the homepage gets a secret, and sleeps after five seconds."""
    program = environment.clone.root / "infra/stacks/site.py"
    text = program.read_text()
    secret = 'secrets={"CANARY": Output.secret(__import__("os").environ["CANARY"])}'
    assert "secrets=secrets or {}" in text
    program.write_text(text.replace("secrets=secrets or {}", secret))
    environment.configure({"homepage.cooldownSeconds": "5"})
    shown = environment.clone.run(".venv/bin/frugal", "up", CANARY=CANARY)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    yield shown
    program.write_text(text)
    (environment.clone.root / SETTINGS).write_text(settings())


def test_an_app_sleeps_and_wakes(
    environment: Environment, secretive: CompletedProcess[str]
) -> None:
    until(lambda: environment.status()["health"]["homepage"] == "asleep")
    assert not environment.pids("homepage")
    assert get(environment.url("homepage_origin")).status_code == 200
    assert environment.pids("homepage")


def test_secrets_lie_nowhere_in_clear(
    environment: Environment, secretive: CompletedProcess[str]
) -> None:
    """A secret that the program gives an app, the app's identity header, and its token."""
    clone = environment.clone
    line = 'eval "$(.venv/bin/frugal env)" && pulumi preview -s local --diff --non-interactive'
    preview = clone.run("sh", "-c", line, CANARY=CANARY + "-changed")

    assert get(environment.url("homepage_origin")).status_code == 200
    (app,) = environment.pids("homepage")
    assert psutil.Process(app).environ()["CANARY"] == CANARY
    header, token = _identity_of_the_translator(environment)
    secrets = [CANARY, header, token]
    lines = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    told = [secretive.stdout, secretive.stderr, preview.stdout, preview.stderr, *lines]
    assert "configuration" in preview.stdout
    assert not [text for text in told for secret in secrets if secret in text]
    assert _files_holding(clone.root / ".frugal" / "local", secrets) == []


def test_nothing_is_left_after_down(environment: Environment) -> None:
    clone = environment.clone
    ports = [
        int(p) for p in re.findall(r"localhost:(\d+)", json.dumps(environment.status()["urls"]))
    ]
    down = clone.frugal("down", "--yes")
    assert down.returncode == 0, down.stdout + down.stderr
    assert not (clone.root / ".frugal" / "local").exists()
    assert clone.processes() == []
    listening = {c.laddr.port for c in psutil.net_connections("inet") if c.status == "LISTEN"}
    assert not listening & set(ports)
    assert "Nothing is running" in clone.frugal("down", "--yes").stdout
    assert clone.frugal("status").returncode == 1


def _postmasters(clone: Clone) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if line and line[0].endswith("postgres") and str(clone.root) in " ".join(line):
            found.append(process)
    return found


def _serves(environment: Environment, location: str) -> bool:
    url = environment.url("translator").rstrip("/") + location
    return get(url).status_code == 200


def _identity_of_the_translator(environment: Environment) -> tuple[str, str]:
    """The header by which the translator proves who it is, and a token that it gets by it."""
    (app,) = environment.pids("translator")
    variables = psutil.Process(app).environ()
    answer = get(
        variables["IDENTITY_ENDPOINT"],
        params={
            "resource": "https://ossrdbms-aad.database.windows.net",
            "client_id": variables["AZURE_CLIENT_ID"],
        },
        headers={"X-IDENTITY-HEADER": variables["IDENTITY_HEADER"]},
    )
    return variables["IDENTITY_HEADER"], answer.json()["access_token"]


def _files_holding(folder: Path, secrets: list[str]) -> list[Path]:
    found: list[Path] = []
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            if any(secret.encode() in content for secret in secrets):
                found.append(file)
    return found
