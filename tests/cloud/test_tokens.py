import time
from pathlib import Path

import jwt
import pytest

from frugal.cloud.tokens import InvalidToken, Tokens

POSTGRES = "https://ossrdbms-aad.database.windows.net"
VAULT = "https://vault.azure.net"


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path)


def issue(tokens: Tokens, resource: str = POSTGRES, lifetime: float = 3600) -> str:
    token, _ = tokens.issue(
        client_id="client", object_id="object", resource=resource, lifetime=lifetime
    )
    return token


@pytest.mark.parametrize("asked", [POSTGRES, POSTGRES + "/", POSTGRES + "/.default"])
@pytest.mark.parametrize("shown", [POSTGRES, POSTGRES + "/", POSTGRES + "//.default"])
def test_an_audience_is_one_however_it_is_written(tokens: Tokens, asked: str, shown: str) -> None:
    claims = tokens.verify(issue(tokens, asked), resource=shown)

    assert (claims.client_id, claims.object_id) == ("client", "object")


def test_claims_are_those_of_a_managed_identity(tokens: Tokens) -> None:
    before = int(time.time())
    token, expires = tokens.issue(
        client_id="client", object_id="object", resource=POSTGRES + "/.default", lifetime=60
    )
    claims = jwt.decode(token, options={"verify_signature": False})

    assert claims["aud"] == POSTGRES
    assert claims["oid"] == claims["sub"] == "object"
    assert claims["appid"] == claims["azp"] == "client"
    assert claims["exp"] == expires
    assert claims["exp"] - claims["iat"] == 60
    assert before <= claims["nbf"] == claims["iat"] <= time.time()


def test_a_restart_keeps_the_key(tmp_path: Path) -> None:
    token = issue(Tokens(tmp_path))

    assert Tokens(tmp_path).verify(token, resource=POSTGRES).object_id == "object"


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    Tokens(tmp_path / "deep" / "folder")

    assert [f.stat().st_mode & 0o777 for f in (tmp_path / "deep" / "folder").iterdir()] == [0o600]


def test_an_expired_token_is_refused(tokens: Tokens) -> None:
    with pytest.raises(InvalidToken, match="expired"):
        tokens.verify(issue(tokens, lifetime=-1), resource=POSTGRES)


DAY = 24 * 3600


@pytest.mark.parametrize("jump", [-DAY, -1, 1, 3599])
def test_a_clock_that_jumps_leaves_a_token_good(tmp_path: Path, jump: int) -> None:
    now = time.time()
    token = issue(Tokens(tmp_path, clock=lambda: now))

    after = Tokens(tmp_path, clock=lambda: now + jump)

    assert after.verify(token, resource=POSTGRES).object_id == "object"


@pytest.mark.parametrize("jump", [-DAY, DAY])
def test_after_a_jump_new_tokens_are_good(tmp_path: Path, jump: int) -> None:
    """Also once the clock is right again, unless they have expired by it."""
    now = time.time()
    jumped = Tokens(tmp_path, clock=lambda: now + jump)
    token = issue(jumped)
    assert jumped.verify(token, resource=POSTGRES).object_id == "object"

    right = Tokens(tmp_path, clock=lambda: now)
    if jump > 0:
        assert right.verify(token, resource=POSTGRES).object_id == "object"
    else:
        with pytest.raises(InvalidToken, match="expired; get a new one"):
            right.verify(token, resource=POSTGRES)


def test_a_token_from_far_in_the_future_is_refused(tmp_path: Path) -> None:
    now = time.time()
    token = issue(Tokens(tmp_path, clock=lambda: now + 2 * DAY))

    with pytest.raises(InvalidToken, match="not valid yet"):
        Tokens(tmp_path, clock=lambda: now).verify(token, resource=POSTGRES)


def test_a_token_for_another_resource_is_refused(tokens: Tokens) -> None:
    with pytest.raises(InvalidToken, match="another resource"):
        tokens.verify(issue(tokens, VAULT), resource=POSTGRES)


def test_another_clouds_token_is_refused(tokens: Tokens, tmp_path: Path) -> None:
    other = Tokens(tmp_path / "other")

    with pytest.raises(InvalidToken, match="not issued by this local cloud"):
        tokens.verify(issue(other), resource=POSTGRES)


def test_an_unsigned_token_is_refused(tokens: Tokens) -> None:
    claims = jwt.decode(issue(tokens), options={"verify_signature": False})
    unsigned = jwt.encode(claims, None, algorithm="none")

    with pytest.raises(InvalidToken, match="not an access token"):
        tokens.verify(unsigned, resource=POSTGRES)


@pytest.mark.parametrize("claim", ["aud", "iss", "exp", "nbf", "oid", "appid"])
def test_a_token_without_a_claim_is_refused(tokens: Tokens, tmp_path: Path, claim: str) -> None:
    claims = jwt.decode(issue(tokens), options={"verify_signature": False})
    del claims[claim]
    key = (tmp_path / "tokens.key").read_bytes()

    with pytest.raises(InvalidToken):
        tokens.verify(jwt.encode(claims, key, algorithm="HS256"), resource=POSTGRES)


@pytest.mark.parametrize("text", ["", "hunter2", "a.b.c", "canary-" * 30, "\0"])
def test_what_is_no_token_is_refused_and_not_repeated(tokens: Tokens, text: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        tokens.verify(text, resource=POSTGRES)

    assert str(caught.value) == "This is not an access token."
    assert caught.value.__cause__ is None
