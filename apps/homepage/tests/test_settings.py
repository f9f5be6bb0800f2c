"""Lines about wrong environment variables: the app's words, none of pydantic's, and no secret."""

import pytest
from homepage.settings import load

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("HOST", "", "HOST='': must not be empty"),
        ("PORT", "eighty", "PORT='eighty': must be a whole number"),
        ("PORT", "-1", "PORT='-1': must be at least 0"),
        ("PORT", "65536", "PORT='65536': must be at most 65535"),
        ("PORT", "9" * 5000, f"PORT='{'9' * 5000}': has too many digits"),
        ("SESSION_KEY", "short", "SESSION_KEY: must have at least 32 characters"),
        ("SHEETS_API_KEY", "", "SHEETS_API_KEY: must not be empty"),
        (
            "PUBLIC_URL",
            "www.example.org",
            "PUBLIC_URL='www.example.org': must be an address such as https://www.example.org",
        ),
        ("SHEET_ID", "x", "SHEET_ID and SHEETS_API_KEY must be set together"),
    ],
)
def test_a_refused_variable_is_explained(
    variable: str, value: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as refused:
        load()
    assert str(refused.value) == line
