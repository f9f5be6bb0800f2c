"""Commands of web servers: the flags that bind are replaced, and what they bound is known."""

import json

import pytest

from frugal.cloud.images.dockerfile import read
from frugal.cloud.images.server_command import address, rebind


def command(cmd: str) -> tuple[str, ...]:
    """The command of an image whose Dockerfile has this CMD."""
    return read(f"FROM python:3.12-slim\nCMD {cmd}", inherited={}).command


@pytest.mark.parametrize(
    ("cmd", "here", "host", "port"),
    [
        (
            '["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]',
            "gunicorn --bind 127.0.0.1:4000 app:app",
            "0.0.0.0",
            8000,
        ),
        (
            '["gunicorn", "app:app", "-w", "2", "--bind=:5002"]',
            "gunicorn --bind 127.0.0.1:4000 app:app -w 2",
            "0.0.0.0",
            5002,
        ),
        (
            '["/usr/local/bin/gunicorn", "-b0.0.0.0:80", "-b", "[::]:80", "app:app"]',
            "/usr/local/bin/gunicorn --bind 127.0.0.1:4000 app:app",
            "[::]",
            80,
        ),
        (
            '["python", "-u", "-m", "gunicorn", "-b", "0.0.0.0:80", "app:create_app()"]',
            "python -u -m gunicorn --bind 127.0.0.1:4000 app:create_app()",
            "0.0.0.0",
            80,
        ),
        (
            '["uvicorn", "main:app", "--port", "80"]',
            "uvicorn --host 127.0.0.1 --port 4000 main:app",
            "127.0.0.1",
            80,
        ),
        (
            '["python3", "-m", "uvicorn", "main:app", "--host=0.0.0.0", "--port=80", "--reload"]',
            "python3 -m uvicorn --host 127.0.0.1 --port 4000 main:app --reload",
            "0.0.0.0",
            80,
        ),
        (
            '["flask", "--app", "run", "run", "-h", "0.0.0.0", "-p5001", "--debug"]',
            "flask --app run run --host 127.0.0.1 --port 4000 --debug",
            "0.0.0.0",
            5001,
        ),
        (
            '["python", "-m", "flask", "run", "--host=0.0.0.0"]',
            "python -m flask run --host 127.0.0.1 --port 4000",
            "0.0.0.0",
            5000,
        ),
        (
            '["fastapi", "run", "app/main.py", "--port", "80", "--proxy-headers"]',
            "fastapi run --host 127.0.0.1 --port 4000 app/main.py --proxy-headers",
            "0.0.0.0",
            80,
        ),
        (
            '["fastapi", "dev", "main.py"]',
            "fastapi dev --host 127.0.0.1 --port 4000 main.py",
            "127.0.0.1",
            8000,
        ),
    ],
)
def test_the_exec_form_is_bound_anew(cmd: str, here: str, host: str, port: int) -> None:
    assert " ".join(rebind(command(cmd), "127.0.0.1", 4000)) == here
    found = address(command(cmd), {})
    assert found is not None
    assert (found.host, found.port) == (host, port)
    assert found.is_loopback == (host == "127.0.0.1")


@pytest.mark.parametrize(
    ("script", "here", "port"),
    [
        (
            "gunicorn 'app:app' --bind=0.0.0.0:8000",
            "gunicorn --bind 127.0.0.1:4000 'app:app' ",
            8000,
        ),
        (
            'exec gunicorn --bind ":${PORT:-8080}" --workers "$WORKERS" main:app',
            'exec gunicorn --bind 127.0.0.1:4000   --workers "$WORKERS" main:app',
            8080,
        ),
        (
            "flask db upgrade && SOME=1 uvicorn main:app --host 0.0.0.0 --port $WEB & wait",
            "flask db upgrade && SOME=1 uvicorn --host 127.0.0.1 --port 4000 main:app     & wait",
            81,
        ),
        (
            "gunicorn -w $(nproc) -b 0.0.0.0:80 app:app >log",
            "gunicorn --bind 127.0.0.1:4000 -w $(nproc)   app:app >log",
            80,
        ),
        (
            "flask run --host 0.0.0.0 \\\n --port 80",
            "flask run --host 127.0.0.1 --port 4000   \\\n  ",
            80,
        ),
    ],
)
def test_the_shell_form_stays_as_it_is_but_for_the_address(
    script: str, here: str, port: int
) -> None:
    for words in (("/bin/sh", "-c", script), command(json.dumps(["sh", "-c", script]))):
        assert rebind(words, "127.0.0.1", 4000) == (*words[:2], here)
        found = address(words, {"WEB": "81"})
        assert found is not None
        assert (found.host, found.port, found.is_given) == ("0.0.0.0", port, True)


@pytest.mark.parametrize(
    ("cmd", "variables", "expected"),
    [
        ("flask run", {"FLASK_RUN_HOST": "0.0.0.0", "FLASK_RUN_PORT": "80"}, ("0.0.0.0", 80)),
        ("uvicorn main:app", {"UVICORN_PORT": "80"}, ("127.0.0.1", 80)),
        ("uvicorn main:app --port 81", {"UVICORN_PORT": "80"}, ("127.0.0.1", 81)),
        ("gunicorn main:app", {"PORT": "80"}, ("0.0.0.0", 80)),
        ("fastapi run", {"PORT": "80"}, ("0.0.0.0", 80)),
    ],
)
def test_variables_set_what_no_flag_does(
    cmd: str, variables: dict[str, str], expected: tuple[str, int]
) -> None:
    found = address(command(cmd), variables)
    assert found is not None
    assert (*found,) == (*expected, True)


@pytest.mark.parametrize(
    "cmd",
    [
        '["python", "app.py"]',
        '["python", "-m", "homepage"]',
        '["python"]',
        '["flask", "init-db"]',
        '["./start.sh", "gunicorn"]',
        "echo gunicorn --bind 0.0.0.0:80",
        "python -c 'import gunicorn'",
    ],
)
def test_other_commands_are_left_alone(cmd: str) -> None:
    assert rebind(command(cmd), "127.0.0.1", 4000) == command(cmd)
    assert address(command(cmd), {}) is None


def test_a_port_that_no_flag_or_variable_names_is_the_servers_own() -> None:
    found = address(("gunicorn", "app:app"), {})
    assert found is not None
    assert (found.port, found.is_given) == (8000, False)
