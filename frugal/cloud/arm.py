"""The local cloud over HTTP: Resource Manager's API beside the azure-native provider.

Discovery, tokens, the operations of each type, and reading, patching or deleting a resource by its
id. Served on the loopback alone; every call under `/subscriptions` needs a token of this
daemon, every one under `/frugal` its admin token.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from frugal.cloud.bodies import Body, deep_merge, json_object, section, strings
from frugal.cloud.cloud import Cloud
from frugal.cloud.contract import Model, model
from frugal.cloud.errors import CloudError
from frugal.cloud.resource_type import ResourceType
from frugal.cloud.status import status
from frugal.cloud.store import Resource
from frugal.cloud.tokens import InvalidToken

# HTTP status by error code, 400 for others. 401 for a budget and a quota, 409 and 503: as reported
# by the sources that DAYS names. That a server which is not accessible answers 409 is assumed.
STATUS = {
    "Unauthorized": 401,
    "RBACAccessDenied": 401,
    "AuthorizationFailed": 403,
    "AuthenticationFailed": 403,
    "NotFound": 404,
    "ParentResourceNotFound": 404,
    "ResourceGroupNotFound": 404,
    "ResourceNotFound": 404,
    "RunNotFound": 404,
    "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible": 409,
    "AnotherOperationInProgress": 409,
    "Conflict": 409,
    "ContainerAppOperationInProgress": 409,
    "ServerIsBusy": 409,
    "TooManyRequests": 429,
    "ServiceUnavailable": 503,
}
RETRY_AFTER = {429: "1", 503: "1"}  # seconds, by status


class ResourceManagerApi:
    """Resource Manager of a Cloud over HTTP, as an ASGI application (`.app`)."""

    def __init__(self, cloud: Cloud, *, admin_token: str) -> None:
        self._cloud = cloud
        self._admin_token = admin_token
        routes = [
            Route("/metadata/endpoints", self._endpoints),
            Route("/msi/token", self._token),
            *(route for kind in cloud.types.values() for route in kind.routes(cloud)),
            Route("/frugal/status", self._status),
            Route("/frugal/sweep", self._sweep, methods=["POST"]),
            Route("/frugal/rows", self._rows),
            Route("/frugal/save", self._save, methods=["POST"]),
            Route("/frugal/days", self._days, methods=["PUT"]),
            *(
                Route(kind.path, self._put(kind), methods=["PUT"])
                for kind in cloud.types.values()
                if kind.is_put_over_http
            ),
            Route("/subscriptions/{rest:path}", self._resource, methods=["GET", "PATCH", "DELETE"]),
        ]
        self.app = Starlette(
            routes=routes,
            middleware=[Middleware(BaseHTTPMiddleware, dispatch=self._admit)],
            exception_handlers={CloudError: _refusal, 405: _method_refusal},
        )

    async def _admit(
        self, request: Request, following: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        path = request.url.path.lower()
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            if path.startswith("/frugal/"):
                self._check_admin(bearer)
            elif not path.startswith(("/metadata/", "/msi/", "/uploads/", "/logs/")):
                self._check_token(bearer)
                for day in ("throttled", "unavailable"):
                    self._cloud.days.refuse(day, "")
        except CloudError as error:
            return _refusal(request, error)
        return await following(request)

    def _check_admin(self, bearer: str) -> None:
        if not secrets.compare_digest(bearer.encode(), self._admin_token.encode()):
            raise CloudError("Unauthorized", "This endpoint needs the daemon's admin token.")

    def _check_token(self, bearer: str) -> None:
        try:
            claims = self._cloud.tokens.verify(bearer, resource=self._cloud.address)
        except InvalidToken as error:
            raise CloudError(
                "Unauthorized", f"The access token is not accepted: {error}"
            ) from error
        if claims.object_id != "deployer":
            raise CloudError(
                "AuthorizationFailed",
                f"The client with object id '{claims.object_id}' may not act on Resource Manager.",
            )

    async def _endpoints(self, request: Request) -> Response:
        address = self._cloud.address
        login = {"loginEndpoint": address, "audiences": [address]}
        cloud = {
            "name": "FrugalLocal",
            "resourceManager": address,
            "authentication": login,
            "dnsServer": f"127.0.0.1:{self._cloud.dns.port}",
        }
        return JSONResponse([cloud])

    async def _token(self, request: Request) -> Response:
        answer = self._cloud.identities.token(
            request.headers.get("x-identity-header", ""),
            resource=request.query_params.get("resource", ""),
            client_id=request.query_params.get("client_id"),
        )
        return JSONResponse(answer)

    async def _status(self, request: Request) -> Response:
        return JSONResponse(status(self._cloud))

    async def _sweep(self, request: Request) -> Response:
        body = await json_object(request)
        removed = await self._cloud.sweep(
            str(body.get("project")),
            set(strings(body, "known")),
            with_rows=bool(body.get("with_rows")),
        )
        return JSONResponse({"removed": removed})

    async def _rows(self, request: Request) -> Response:
        return JSONResponse(await self._cloud.rows())

    async def _save(self, request: Request) -> Response:
        self._cloud.store.save()
        return JSONResponse({})

    async def _days(self, request: Request) -> Response:
        days = await json_object(request)
        self._cloud.days.switch(days)
        return JSONResponse(days)

    def _put(self, kind: ResourceType) -> Callable[[Request], Awaitable[Response]]:
        """Operation that creates or updates a resource; it stays the program's if declared."""

        async def put(request: Request) -> Response:
            body = await json_object(request)
            given = _flat(model(kind.token), body)
            inputs = {**request.path_params, **given}
            subscription = inputs.pop("subscriptionId")
            findings = model(kind.token).check(inputs)
            if findings:
                raise CloudError("InvalidRequestContent", "; ".join(map(str, findings)))
            before = self._cloud.store.get(request.url.path)
            if before is None:
                putting = self._cloud.create(kind.token, inputs, subscription=subscription, urn="")
            else:
                merged = deep_merge(before.inputs, given)
                putting = self._cloud.update(before.id, merged)
            resource = await self._cloud.run(putting)
            return JSONResponse(self._cloud.arm_body(resource), status_code=202)

        return put

    async def _resource(self, request: Request) -> Response:
        resource_id = request.url.path
        if request.method == "DELETE":
            self._cloud.store.need(resource_id)
            await self._cloud.run(self._cloud.delete(resource_id))
            return Response(status_code=200)
        resource = self._cloud.read(resource_id)
        if request.method == "PATCH":
            inputs = _patched(resource, await json_object(request))
            resource = await self._cloud.run(self._cloud.update(resource_id, inputs))
        return JSONResponse(self._cloud.arm_body(resource))


def _flat(m: Model, body: Mapping[str, Any]) -> Body:
    """A body in Resource Manager's shape as the SDK sends it: most types have no `properties`."""
    if "properties" in m.properties:
        return dict(body)
    return {**{k: v for k, v in body.items() if k != "properties"}, **section(body, "properties")}


def _patched(resource: Resource, patch: Mapping[str, Any]) -> Body:
    """A body merged with a patch in Resource Manager's shape (`properties` nested)."""
    flat = {k: v for k, v in patch.items() if k != "properties"}
    properties = section(patch, "properties")
    more = {"properties": properties} if "properties" in resource.inputs else properties
    return deep_merge(deep_merge(resource.inputs, flat), more)


def _refusal(_request: Request, error: Exception) -> Response:
    if not isinstance(error, CloudError):
        raise error
    status_code = STATUS.get(error.code, 400)
    after = RETRY_AFTER.get(status_code)
    return JSONResponse(
        {"error": {"code": error.code, "message": error.message}},
        status_code=status_code,
        headers={"Retry-After": after} if after else None,
    )


def _method_refusal(request: Request, _error: Exception) -> Response:
    """Name every method of the path: Starlette names those of the first route alone."""
    routes = [route for route in request.app.router.routes if isinstance(route, Route)]
    here = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    allowed = ", ".join(sorted({method for route in here for method in route.methods or ()}))
    message = f"{request.method} is not served here, but {allowed}."
    return JSONResponse(
        {"error": {"code": "MethodNotAllowed", "message": message}},
        status_code=405,
        headers={"Allow": allowed},
    )
