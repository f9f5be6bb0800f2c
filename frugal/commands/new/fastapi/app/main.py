"""The pages."""

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

PAGE = """\
<!doctype html>
<html lang="en">
<title>Hello</title>
<h1>Hello</h1>
"""

app = FastAPI(title="Hello")


@app.get("/", response_class=HTMLResponse)
async def index() -> str:
    """Answer with the first page."""
    return PAGE


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answer while the process lives."""
    return {"status": "ok"}


@app.get("/readyz")
async def readyz() -> dict[str, str]:
    """Answer once the app can serve."""
    return {"status": "ok"}
