"""Text translation, version 3.0, on an account's own host: real authorization, emulated answers.

Path, parameters, body and error codes: learn.microsoft.com, Translator v3 reference and its table
of errors (read in November 2026). Every answer carries a header that Azure never sends, so that
clients can label the text as simulated.
"""

import hashlib
import re
from collections.abc import Callable
from typing import cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from frugal.cloud.tokens import InvalidToken, Tokens

RESOURCE = "https://cognitiveservices.azure.com"
"""The audience of the tokens (learn.microsoft.com, "Authenticate with Microsoft Entra ID")."""

SIMULATED = "X-Frugal-Simulated"
"""The header of every emulated answer; its value is `true`."""

LARGEST_ARRAY = 1000
LARGEST_TEXT = 50_000  # characters of all elements together, for each target language

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_VOWELS = "aeiou"


class Translator:
    """The ASGI application (`.app`) of one account.

    `may_translate` says whether the principal with an object id has the role for it.
    """

    def __init__(self, tokens: Tokens, *, may_translate: Callable[[str], bool]) -> None:
        self._tokens = tokens
        self._may_translate = may_translate
        path = "/translator/text/v3.0/translate"
        self.app = Starlette(routes=[Route(path, self._translate, methods=["POST"])])

    async def _translate(self, request: Request) -> Response:
        refusal = self._refused(request)
        if refusal is not None:
            return refusal
        source = request.query_params.get("from")
        targets = request.query_params.getlist("to")
        if request.query_params.get("api-version") != "3.0":
            return _error(400, 400021, "The API version parameter is missing or invalid.")
        if source is not None and not _LANGUAGE.fullmatch(source):
            return _error(400, 400035, "The source language is not valid.")
        if not targets or not all(_LANGUAGE.fullmatch(target) for target in targets):
            return _error(400, 400036, "The target language is missing or invalid.")
        texts = await _texts(request)
        if isinstance(texts, Response):
            return texts
        answer = [
            {
                **({} if source else {"detectedLanguage": {"language": "en", "score": 1.0}}),
                "translations": [
                    {"text": distorted(text, source or "en", target), "to": target}
                    for target in targets
                ],
            }
            for text in texts
        ]
        characters = sum(map(len, texts)) * len(targets)
        return JSONResponse(answer, headers={SIMULATED: "true", "X-metered-usage": str(characters)})

    def _refused(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            # Keys are not accepted, only bearer tokens.
            given = token if scheme.lower() == "bearer" else ""
            claims = self._tokens.verify(given, resource=RESOURCE)
        except InvalidToken as error:
            return _error(401, 401000, f"The request is not authorized: {error}")
        if not self._may_translate(claims.object_id):
            message = "Principal does not have access to API/Operation."
            return _error(401, "PermissionDenied", message)
        return None


async def _texts(request: Request) -> list[str] | Response:
    """The texts of a body `[{"Text": "…"}, …]`."""
    try:
        body: object = await request.json()
    except ValueError:
        return _error(400, 400074, "The body of the request is not valid JSON.")
    if not isinstance(body, list):
        return _error(400, 400000, "One of the request inputs is not valid.")
    texts: list[str] = []
    for element in cast("list[object]", body):
        keys = cast("dict[str, object]", element) if isinstance(element, dict) else {}
        text = next((value for key, value in keys.items() if key.lower() == "text"), None)
        if not isinstance(text, str):
            return _error(400, 400020, "One of the elements in the array of text is not valid.")
        texts.append(text)
    if len(texts) > LARGEST_ARRAY:
        return _error(400, 400072, "The array of input text has too many elements.")
    if sum(map(len, texts)) * len(request.query_params.getlist("to")) > LARGEST_TEXT:
        return _error(400, 400050, "The input text is too long.")
    return texts


def _error(status: int, code: int | str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


def distorted(text: str, source: str, target: str) -> str:
    """A text with one vowel changed and two neighbouring words swapped, the same every time."""
    if source.lower() == target.lower():
        return text
    number = int.from_bytes(hashlib.sha256(f"{source}>{target}:{text}".encode()).digest()[:8])
    words = text.split(" ")
    if len(words) > 1:
        first = number % (len(words) - 1)
        words[first], words[first + 1] = words[first + 1], words[first]
    changed = " ".join(words)
    vowels = [i for i, letter in enumerate(changed) if letter.lower() in _VOWELS]
    if not vowels:
        return changed
    place = vowels[number // 7 % len(vowels)]
    old = changed[place]
    new = _VOWELS[(_VOWELS.index(old.lower()) + 1) % len(_VOWELS)]
    return changed[:place] + (new if old.islower() else new.upper()) + changed[place + 1 :]
