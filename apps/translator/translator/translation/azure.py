"""Azure AI Translator over its REST API, version 3.0 (Microsoft's reference, November 2026)."""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from translator.tokens import TRANSLATOR, TokenError, Tokens
from translator.translation import (
    BusyError,
    Provider,
    QuotaError,
    RefusedError,
    Translation,
    TranslationError,
)

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 8.0
"""Microsoft answers 100 characters within 0.3 s, and says 15 s at the most."""
_SIMULATED_HEADER: Final = "X-Frugal-Simulated"
"""Never sent by Azure, but by the emulated service."""
_QUOTA_CODES: Final = frozenset({403001})
"""The free quota of the subscription is used up."""
_DEFAULT_WAIT: Final = 2.0
_LONGEST: Final = 10_000
"""Characters that an answer to some hundred may have."""


class _Text(BaseModel):
    text: Annotated[str, Field(min_length=1, max_length=_LONGEST, pattern=r"\S")]


class _Item(BaseModel):
    translations: Annotated[list[_Text], Field(min_length=1)]


class _Error(BaseModel):
    code: int
    message: str = ""


class _Problem(BaseModel):
    error: _Error


_ANSWER: Final = TypeAdapter(Annotated[list[_Item], Field(min_length=1)])


class Azure:
    """The provider `azure`: signs in with the app's identity, never with a key."""

    def __init__(self, endpoint: str, client_id: str | None) -> None:
        """`endpoint`: https://<the account's own subdomain>.cognitiveservices.azure.com."""
        self._tokens = Tokens(client_id, TRANSLATOR)
        self._endpoint = endpoint
        self._one_at_a_time = asyncio.Lock()
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close its connections."""
        if self._client is not None:
            await self._client.aclose()

    async def translate(self, text: str, source: str, target: str, *, seed: int) -> Translation:  # noqa: ARG002  # Azure makes nothing up
        """Send one request; raises TranslationError or one of its subclasses."""
        token = await self._token()
        client = await self._open()
        import httpx  # noqa: PLC0415  # as `_open` has done

        try:
            answer = await client.post(
                "/translator/text/v3.0/translate",
                params={"api-version": "3.0", "from": source, "to": target},
                headers={"Authorization": f"Bearer {token}"},
                json=[{"Text": text}],
            )
        except httpx.HTTPError as error:
            raise TranslationError(f"no answer: {type(error).__name__} {error}") from error
        if answer.status_code != HTTPStatus.OK:
            raise self._trouble(answer)
        try:
            translated = _ANSWER.validate_json(answer.content)[0].translations[0].text
        except ValidationError as error:
            raise TranslationError(
                f"unexpected response: {error.error_count()} validation errors"
            ) from error
        provider: Provider = "azure-simulated" if _SIMULATED_HEADER in answer.headers else "azure"
        # Remove what cannot be stored or shown on one line.
        return Translation(" ".join(translated.replace("\0", " ").split()), provider)

    async def _open(self) -> "httpx.AsyncClient":
        async with self._one_at_a_time:
            if self._client is None:
                # The library takes a tenth of the app's start to import, which does not need it.
                self._client = await asyncio.to_thread(_client, self._endpoint)
            return self._client

    async def _token(self) -> str:
        try:
            return await self._tokens.get()
        except TokenError as error:
            raise TranslationError(f"no token: {error}") from error

    def _trouble(self, answer: "httpx.Response") -> TranslationError:
        status = answer.status_code
        try:
            error = _Problem.model_validate_json(answer.content).error
        except ValidationError:
            error = _Error(code=status * 1000)
        said = f"status {status}, code {error.code}: {error.message[:200]}"
        if error.code in _QUOTA_CODES:
            return QuotaError(said)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return BusyError(said, _seconds(answer.headers.get("Retry-After")))
        if status == HTTPStatus.UNAUTHORIZED:
            self._tokens.forget()
        if status == HTTPStatus.BAD_REQUEST:
            return RefusedError(said)
        return TranslationError(said)


def _client(endpoint: str) -> "httpx.AsyncClient":
    import httpx  # noqa: PLC0415

    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    return httpx.AsyncClient(base_url=endpoint, timeout=timeout)


def _seconds(retry_after: str | None) -> float:
    """A number of seconds; the header's other form, a date, Azure does not use."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else _DEFAULT_WAIT
