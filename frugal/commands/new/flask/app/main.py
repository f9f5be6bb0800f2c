"""The pages."""

from flask import Flask

PAGE = """\
<!doctype html>
<html lang="en">
<title>Hello</title>
<h1>Hello</h1>
"""

app = Flask(__name__)


@app.get("/")
def index() -> str:
    """Answer with the first page."""
    return PAGE


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """Answer while the process lives."""
    return {"status": "ok"}


@app.get("/readyz")
def readyz() -> dict[str, str]:
    """Answer once the app can serve."""
    return {"status": "ok"}
