"""What a deployment does beside its resources: migrations, purges, sites that take another form.

Like the others, these tests leave the checkout as they found it.
"""

import shutil
from pathlib import Path

import httpx

from tests.engine.clone import until
from tests.environment import ROOT, Environment


def test_the_translator_asks_azures_endpoint_and_is_told_that_nobody_translated(
    environment: Environment,
) -> None:
    url = environment.url("translator")
    body = {"message": "Too many cooks spoil the broth", "hops": 1, "languages": ["fr"]}
    answer = httpx.post(url + "api/rounds", json=body)
    assert answer.status_code == 201, answer.text
    api = url + f"api/rounds/{answer.json()['id']}"
    until(lambda: httpx.get(api).json()["status"] == "done")
    providers = {hop["provider"] for hop in httpx.get(api).json()["hops"]}
    assert providers == {"azure-simulated"}


def test_a_failed_migration_leaves_the_old_version_serving(environment: Environment) -> None:
    job = environment.clone.root / "apps/translator/translator/migrate.py"
    text = job.read_text()
    job.write_text("raise SystemExit('broken on purpose')\n" + text)
    location = environment.write_round("still here")
    serving = environment.pids("translator")

    failed = environment.clone.frugal("up")
    job.write_text(text)

    assert failed.returncode != 0
    told = failed.stdout + failed.stderr
    assert "broken on purpose" in told
    assert "ContainerAppConsoleLogs" in told
    assert "Traceback" not in failed.stderr
    assert environment.pids("translator") == serving
    assert environment.read_round(location) == "still here"


def test_after_it_the_next_run_goes_on_and_a_new_image_empties_the_edge(
    environment: Environment,
) -> None:
    styles = _something_of(environment.clone.root / "apps/homepage/homepage/static")
    before = styles.read_text()
    home = environment.url("homepage")
    httpx.get(home)
    assert "HIT" in httpx.get(home).headers["x-cache"]
    styles.write_text(before + "\n")
    done = environment.up()
    assert "migration-run" in done.stderr + done.stdout
    assert "MISS" in httpx.get(home).headers["x-cache"]
    assert "HIT" in httpx.get(home).headers["x-cache"]
    styles.write_text(before)


def _something_of(folder: Path) -> Path:
    return next(file for file in sorted(folder.rglob("*.css")))


def test_the_homepage_becomes_files_and_nobody_translates_and_back(
    environment: Environment,
) -> None:
    """A Translator account that was deleted would stand in the way of its successor."""
    location = environment.write_round("kept all the while")
    for key, value in (
        ("homepage.host", "staticSite"),
        ("translator.translation.provider", "offline"),
    ):
        setting = ["config", "set", "-s", "local", "--path", key, value]
        assert environment.clone.pulumi(*setting).returncode == 0
    environment.apply()
    kinds = set(environment.clone.resources())
    assert "StaticSite" in kinds
    assert not kinds & {"Account", "ContainerApp"}
    assert "No files yet" in httpx.get(environment.url("homepage")).text
    assert environment.read_round(location) == "kept all the while"

    shutil.copy(ROOT / "Pulumi.local.yaml", environment.clone.root / "Pulumi.local.yaml")
    environment.apply()
    kinds = set(environment.clone.resources())
    assert {"Account", "ContainerApp"} <= kinds
    assert "StaticSite" not in kinds
    assert httpx.get(environment.url("homepage")).status_code == 200
    environment.assert_unchanged()
