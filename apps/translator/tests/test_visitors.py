"""Visitors: their cookie, what they said, what is theirs, and how much they may."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from conftest import Serve
from identity import Identity
from playing import PATIENCE, PLAIN, begin, play
from postgres import DATABASE, Postgres


def visitor(address: str, **headers: str) -> httpx.Client:
    return httpx.Client(verify=PLAIN, base_url=address, timeout=PATIENCE, headers=headers)


def react(client: httpx.Client, round_id: int, kind: str = "funny") -> httpx.Response:
    return client.post(f"/api/rounds/{round_id}/reactions", json={"type": kind})


@pytest.fixture(scope="module")
def address(client: httpx.Client) -> str:
    return str(client.base_url)


def test_the_first_post_makes_the_cookie_and_no_other_does(address: str) -> None:
    with visitor(address) as somebody:
        for path in ("/", "/recent", "/yours", "/api/rounds"):
            assert "Set-Cookie" not in somebody.get(path).headers
        first = somebody.post("/api/rounds", json={"message": "hello"})
        made = first.headers["Set-Cookie"]
        assert made.startswith("visitor=")
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(made.split("; "))
        assert "Secure" not in made
        second = somebody.post("/api/rounds", json={"message": "hello"})
        assert "Set-Cookie" not in second.headers
        assert "Set-Cookie" not in react(somebody, second.json()["id"]).headers


def test_over_https_the_cookie_is_secure(address: str) -> None:
    with visitor(address, **{"X-Forwarded-Proto": "https"}) as somebody:
        made = somebody.post("/api/rounds", json={"message": "hello"}).headers["Set-Cookie"]
        assert made.startswith("__Host-visitor=")
        assert "Secure" in made.split("; ")


def _with_another_end(cookie: str) -> str:
    return cookie[:-2] + "AA"


def _without_signature(cookie: str) -> str:
    return cookie.partition(".")[0]


@pytest.mark.parametrize("change", [_with_another_end, _without_signature, str.upper])
def test_a_forged_cookie_is_nobodys(change: Callable[[str], str], address: str) -> None:
    with visitor(address) as somebody:
        round_id = begin(somebody)["id"]
        cookie = somebody.cookies["visitor"]
        forged = {"Cookie": f"visitor={change(cookie)}"}
    with visitor(address, **forged) as somebody:
        assert somebody.delete(f"/api/rounds/{round_id}").status_code == 403
        assert somebody.get("/yours").text.count("Delete") == 0


def test_one_reaction_of_each_kind_a_visitor_and_round(address: str) -> None:
    with visitor(address) as one, visitor(address) as other:
        round_id = play(one)["id"]
        assert react(one, round_id, "deep").status_code == 201
        again = react(one, round_id, "deep")
        assert (again.status_code, again.json()) == (200, {"funny": 0, "deep": 1, "flag": 0})
        flagged = react(one, round_id, "flag")
        assert (flagged.status_code, flagged.json()) == (201, {"funny": 0, "deep": 1, "flag": 1})
        assert react(one, round_id, "flag").status_code == 200
        counted = react(other, round_id, "deep")
        assert (counted.status_code, counted.json()) == (201, {"funny": 0, "deep": 2, "flag": 1})
        assert one.get(f"/api/rounds/{round_id}").json()["reactions"] == counted.json()


@pytest.mark.parametrize("body", [{}, {"type": "best"}, {"type": None}, {"type": "Funny"}])
def test_other_reactions_are_refused(body: dict[str, object], client: httpx.Client) -> None:
    answer = client.post(f"/api/rounds/{begin(client)['id']}/reactions", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "type"


def test_there_is_nothing_to_say_of_no_round(client: httpx.Client) -> None:
    assert react(client, 999999999).status_code == 404
    assert client.delete("/api/rounds/999999999").status_code == 404
    assert client.delete("/api/rounds/x").status_code == 404


def test_whoever_sent_it_takes_it_away_with_all_that_hangs_on_it(
    address: str, postgres: Postgres
) -> None:
    with visitor(address) as one, visitor(address) as other, visitor(address) as nobody:
        round_id = play(one)["id"]
        begin(other)
        react(other, round_id)
        for stranger in (other, nobody):
            refused = stranger.delete(f"/api/rounds/{round_id}")
            assert refused.status_code == 403
            assert refused.headers["Content-Type"] == "application/problem+json"
        gone = one.delete(f"/api/rounds/{round_id}")
        assert (gone.status_code, gone.content) == (204, b"")
        assert one.delete(f"/api/rounds/{round_id}").status_code == 404
        assert one.get(f"/api/rounds/{round_id}").status_code == 404
    left = postgres.ask(
        "SELECT round_id FROM hops WHERE round_id = %s"
        " UNION SELECT round_id FROM reactions WHERE round_id = %s",
        round_id,
        round_id,
    )
    assert left == []


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example"]
)
def test_another_sites_page_may_send_nothing(
    method: str, origin: str, address: str, postgres: Postgres
) -> None:
    with visitor(address) as somebody:
        path = f"/api/rounds/{begin(somebody)['id']}" if method == "DELETE" else "/api/rounds"
        before = postgres.ask("SELECT count(*) FROM rounds")
        refused = somebody.request(method, path, json={"message": "x"}, headers={"Origin": origin})
        assert refused.status_code == 403
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert postgres.ask("SELECT count(*) FROM rounds") == before
        form = somebody.post(
            "/forms/round",
            data={"message": "x"},
            headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"},
        )
        assert form.status_code == 403


def test_our_own_pages_may(address: str) -> None:
    own = address.rstrip("/")
    for headers in (
        {"Origin": own},
        {"Origin": "http://localhost:8000"},  # the public address
        {"Origin": "http://localhost:99", "Sec-Fetch-Site": "same-origin"},  # an edge on a laptop
        {"Origin": "https://edge.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://own.example", "Host": "own.example"},
        {"Host": "own.example", "X-Forwarded-Proto": "https"},
        {"Host": "localhost:8000"},
        {"Host": "[::1]:99"},
        {"Sec-Fetch-Site": "same-origin"},
        {},
    ):
        with visitor(address, **headers) as somebody:
            answer = somebody.post("/api/rounds", json={"message": "x"})
        assert answer.status_code == 201, headers


@pytest.mark.parametrize(
    "headers",
    [
        # As a browser sends it for a page of evil.example, whose name leads here meanwhile.
        {"Host": "evil.example:99", "Origin": "http://evil.example:99"},
        # The same through an edge on a laptop, which asks for the declared name.
        {"Host": "declared.example", "Origin": "http://evil.example:99"},
        {"Host": "declared.example", "Origin": "null"},
        # Without a word of the browser's.
        {"Host": "evil.example:99"},
        {"Host": "localhost.evil.example:99"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "evil.example:99", "X-Forwarded-Host": "localhost"},
        {"Host": "127x0x0x1"},
    ],
)
@pytest.mark.parametrize("site", [{}, {"Sec-Fetch-Site": "same-origin"}])
def test_a_name_that_was_led_here_may_send_nothing(
    headers: dict[str, str], site: dict[str, str], address: str, postgres: Postgres
) -> None:
    before = postgres.ask("SELECT count(*) FROM rounds")
    with visitor(address, **headers, **site) as somebody:
        for answer in (
            somebody.post("/api/rounds", json={"message": "x"}),
            somebody.post("/forms/round", data={"message": "x"}),
        ):
            assert answer.status_code == 403
            assert "its address is not this site's" in answer.json()["detail"]
    assert postgres.ask("SELECT count(*) FROM rounds") == before


def test_limits_hold_over_replicas_and_end_with_the_hour(
    postgres: Postgres, serve: Serve, identity: Identity
) -> None:
    identity.constant = True
    postgres.clear()
    limits = {"VISITOR_WRITES_PER_HOUR": "5", "ADDRESS_WRITES_PER_HOUR": "8"}
    replicas = [serve(**limits).address for _ in range(2)]
    with visitor(replicas[0]) as somebody:
        round_id = begin(somebody, hops=1)["id"]
        cookie = {"Cookie": f"visitor={somebody.cookies['visitor']}"}

    def post(number: int) -> httpx.Response:
        with visitor(replicas[number % 2], **cookie) as somebody:
            return somebody.post("/api/rounds", json={"message": "hello", "hops": 1})

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(post, range(12)))
    refused = [answer for answer in answers if answer.status_code != 201]
    assert len(answers) - len(refused) == 4
    assert {answer.status_code for answer in refused} == {429}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 3600 for answer in refused)
    assert refused[0].headers["Content-Type"] == "application/problem+json"
    assert "from one visitor" in refused[0].json()["detail"]
    # Others at the same address have what is left of the address's.
    statuses: list[int] = []
    for _ in range(5):
        with visitor(replicas[1]) as another:
            statuses.append(react(another, round_id).status_code)
    assert statuses == [201, 201, 201, 429, 429]
    # A made-up address in front of the one that the ingress adds does not help.
    forged = {"X-Forwarded-For": "203.0.113.9, 127.0.0.1"}
    with visitor(replicas[0], **forged) as another:
        assert react(another, round_id).status_code == 429
    with visitor(replicas[0], **{"X-Forwarded-For": "127.0.0.1, 203.0.113.9:4711"}) as another:
        assert react(another, round_id).status_code == 201
    count = "SELECT count(*) FROM rounds"
    assert postgres.ask(count) == [(5,)]
    assert not postgres.ask("SELECT key FROM usage WHERE key LIKE '%127.0.0.1%'")
    postgres.administer("UPDATE usage SET since = since - interval '1 hour'", database=DATABASE)
    assert post(0).status_code == 201


def test_behind_our_own_edge_its_word_counts(serve: Serve, postgres: Postgres) -> None:
    postgres.clear()
    edge = "55ce4ed1-4b06-4bf1-b40e-4638452104da"
    address = serve(FRONT_DOOR_ID=edge, ADDRESS_WRITES_PER_HOUR="1").address

    def status(fdid: str, socket_ip: str, client_ip: str) -> int:
        headers = {
            "X-Azure-FDID": fdid,
            "X-Azure-SocketIP": socket_ip,
            "X-Azure-ClientIP": client_ip,
            "X-Forwarded-For": "192.0.2.1",
        }
        if fdid == edge:
            headers["Host"] = "declared.example"
        with visitor(address, **headers) as somebody:
            answer = somebody.post("/api/rounds", json={"message": "hello", "hops": 1})
        return answer.status_code

    assert status(edge, "203.0.113.1", "203.0.113.1") == 201
    assert status(edge, "203.0.113.1", "198.51.100.7") == 429
    assert status(edge, "203.0.113.2", "203.0.113.2") == 201
    other = "00000000-0000-0000-0000-000000000000"
    assert status(other, "203.0.113.3", "203.0.113.3") == 201  # of 192.0.2.1
    assert status(other, "203.0.113.4", "203.0.113.4") == 429
