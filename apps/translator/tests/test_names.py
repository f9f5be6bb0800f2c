"""The name API of the seed's post."""

import runpy
import unicodedata
from pathlib import Path

import httpx
import pytest
from translator import names


@pytest.mark.parametrize(
    "prefix", ["n", "N", "m", "M", "c", "C", "ne", "NE", "é", "É", "ž", "θ", "さ"]
)
def test_the_name_starts_so_in_any_case(prefix: str, client: httpx.Client) -> None:
    response = client.get("/generate_name", params={"starts_with": prefix})
    assert response.status_code == 200
    assert set(response.json()) == {"name"}
    assert response.json()["name"].casefold().startswith(prefix.casefold())
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("query", ["", "?starts_with="])
def test_without_a_beginning_any_name_will_do(query: str, client: httpx.Client) -> None:
    assert client.get(f"/generate_name{query}").json()["name"] in names.NAMES


@pytest.mark.parametrize("prefix", ["xyz", "N ", "1", "\x00", "😀", "n" * 5000])
def test_no_match_is_a_clear_404(prefix: str, client: httpx.Client) -> None:
    response = client.get("/generate_name", params={"starts_with": prefix})
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json()["detail"].startswith("No name starts with ")


def test_an_accent_may_be_encoded_either_way() -> None:
    for form in ("NFC", "NFD"):
        name = names.generate(unicodedata.normalize(form, "ÉLO"))
        assert name == "Élodie"


def test_every_name_comes_up() -> None:
    wanted = {name for name in names.NAMES if name.startswith("No")}
    assert {names.generate("no") for _ in range(500)} == wanted


def test_without_a_name_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def blank(_file: Path, encoding: str) -> str:
        assert encoding == "utf-8"
        return " \n"

    monkeypatch.setattr(Path, "read_text", blank)
    with pytest.raises(SystemExit, match=r"/names\.txt: must hold at least one name$"):
        runpy.run_path(names.__file__)
