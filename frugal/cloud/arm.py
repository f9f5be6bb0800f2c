"""The local cloud over HTTP: what a program asks Resource Manager for beside its resources.

Discovery, tokens, image builds, executions of jobs, the purge of the edge and of deleted accounts,
administrators of a database server, and reading, patching or deleting a resource by its id. Served
on the loopback alone; every call under `/subscriptions` needs a token of this daemon, every one
under `/frugal` its admin token.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Match, Route

from frugal.cloud.bodies import Body, deep_merge, section, strings
from frugal.cloud.builds import Builds
from frugal.cloud.contract import model
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of
from frugal.cloud.status import status
from frugal.cloud.store import Resource
from frugal.cloud.tokens import InvalidToken
from frugal.cloud.types import cognitive_services, database, job

if TYPE_CHECKING:
    from frugal.cloud.cloud import Cloud

GROUP = "/subscriptions/{sub}/resourceGroups/{group}"
REGISTRY = GROUP + "/providers/Microsoft.ContainerRegistry/registries/{name}"
JOB = GROUP + "/providers/Microsoft.App/jobs/{name}"
COGNITIVE = "/subscriptions/{sub}/providers/Microsoft.CognitiveServices"
ACCOUNT = GROUP + "/providers/Microsoft.CognitiveServices/accounts/{name}"
DELETED = COGNITIVE + "/locations/{location}/resourceGroups/{group}/deletedAccounts/{name}"
SERVER = GROUP + "/providers/Microsoft.DBforPostgreSQL/flexibleServers/{name}"
ENDPOINT = GROUP + "/providers/Microsoft.Cdn/profiles/{profile}/afdEndpoints/{name}"
# The HTTP status of an error's code, 400 for every other one. 401 for a budget and a quota, 409 and
# 503: the reports that DAYS names. That a server which is not accessible answers 409 is assumed.
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
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


class ResourceManagerApi:
    """Resource Manager of a Cloud over HTTP, as an ASGI application (`.app`)."""

    def __init__(self, cloud: "Cloud", *, admin_token: str) -> None:
        self._cloud = cloud
        self._admin_token = admin_token
        self._builds = Builds(cloud)
        routes = [
            Route("/metadata/endpoints", self._endpoints),
            Route("/msi/token", self._token),
            Route("/uploads/{upload}", self._upload, methods=["PUT"]),
            Route(f"{REGISTRY}/listBuildSourceUploadUrl", self._new_upload, methods=["POST"]),
            Route(f"{REGISTRY}/scheduleRun", self._schedule, methods=["POST"]),
            Route(f"{REGISTRY}/runs/{{run}}", self._run),
            Route(f"{REGISTRY}/runs/{{run}}/listLogSasUrl", self._log_url, methods=["POST"]),
            Route("/logs/{run}", self._log),
            Route(f"{JOB}/start", self._start_job, methods=["POST"]),
            Route(f"{JOB}/executions/{{execution}}", self._execution),
            Route(f"{ACCOUNT}/listKeys", self._keys, methods=["POST"]),
            Route(f"{COGNITIVE}/deletedAccounts", self._deleted_accounts),
            Route(DELETED, self._deleted_account, methods=["GET", "DELETE"]),
            Route(f"{SERVER}/administrators", self._administrators),
            Route(
                f"{SERVER}/administrators/{{object_id}}", self._put_administrator, methods=["PUT"]
            ),
            Route(f"{ENDPOINT}/purge", self._purge, methods=["POST"]),
            Route("/frugal/status", self._status),
            Route("/frugal/sweep", self._sweep, methods=["POST"]),
            Route("/frugal/rows", self._rows),
            Route("/frugal/save", self._save, methods=["POST"]),
            Route("/frugal/days", self._days, methods=["PUT"]),
            Route("/subscriptions/{rest:path}", self._resource, methods=["GET", "PATCH", "DELETE"]),
        ]
        self.app = Starlette(
            routes=routes,
            middleware=[Middleware(BaseHTTPMiddleware, dispatch=self._admit)],
            exception_handlers={CloudError: _refusal, 405: _method_refusal},
        )

    @property
    def _base(self) -> str:
        return f"http://127.0.0.1:{self._cloud.http_port}"

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
            raise CloudError("Unauthorized", "This address needs the daemon's admin token.")

    def _check_token(self, bearer: str) -> None:
        try:
            claims = self._cloud.tokens.verify(bearer, resource=self._base)
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
        del request
        return JSONResponse(
            [
                {
                    "name": "FrugalLocal",
                    "resourceManager": self._base,
                    "authentication": {
                        "loginEndpoint": self._base,
                        "audiences": [self._base],
                    },
                }
            ]
        )

    async def _token(self, request: Request) -> Response:
        answer = self._cloud.identities.token(
            request.headers.get("x-identity-header", ""),
            resource=request.query_params.get("resource", ""),
            client_id=request.query_params.get("client_id"),
        )
        return JSONResponse(answer)

    def _registry(self, request: Request) -> Resource:
        return self._cloud.store.need(REGISTRY.format_map(request.path_params))

    async def _new_upload(self, request: Request) -> Response:
        self._registry(request)
        upload = self._builds.new_upload()
        return JSONResponse(
            {"uploadUrl": f"{self._base}/uploads/{upload}", "relativePath": f"source/{upload}"}
        )

    async def _upload(self, request: Request) -> Response:
        if request.headers.get("x-ms-blob-type") != "BlockBlob":
            raise CloudError("InvalidHeaderValue", "x-ms-blob-type must be BlockBlob.")
        await self._builds.upload(request.path_params["upload"], request.stream())
        return Response(status_code=201)

    async def _schedule(self, request: Request) -> Response:
        run = self._builds.schedule(self._registry(request), await _json(request))
        return JSONResponse(run.body(), status_code=202)

    async def _run(self, request: Request) -> Response:
        run = self._builds.get(self._registry(request), request.path_params["run"])
        return JSONResponse(run.body())

    async def _log_url(self, request: Request) -> Response:
        run = self._builds.get(self._registry(request), request.path_params["run"])
        return JSONResponse({"logLink": f"{self._base}/logs/{run.id}"})

    async def _log(self, request: Request) -> Response:
        lines = self._builds.log(request.path_params["run"])
        return PlainTextResponse("".join(f"{line}\n" for line in lines))

    async def _start_job(self, request: Request) -> Response:
        resource = self._cloud.store.need(JOB.format_map(request.path_params))
        if await request.body():
            raise CloudError("NotSupportedHere", "A job is started here as it is declared.")
        execution = await self._cloud.run(job.start(self._cloud, resource))
        answer = job.body(resource, execution)
        return JSONResponse({"id": answer["id"], "name": answer["name"]})

    async def _execution(self, request: Request) -> Response:
        resource = self._cloud.store.need(JOB.format_map(request.path_params))
        execution = job.find(self._cloud, resource, request.path_params["execution"])
        return JSONResponse(job.body(resource, execution))

    async def _purge(self, request: Request) -> Response:
        resource = self._cloud.store.need(ENDPOINT.format_map(request.path_params))
        paths = strings(await _json(request), "contentPaths")
        if not paths or not all(p.startswith("/") for p in paths):
            raise CloudError("BadRequest", "contentPaths: give paths that begin with '/'.")
        endpoint, _ = self._cloud.endpoints[key_of(resource.id)]
        await endpoint.purge(paths)
        return Response(status_code=200)

    async def _keys(self, request: Request) -> Response:
        # The words are Azure's (Azure/terraform-azurerm-avm-res-cognitiveservices-account, issue
        # 130, read in November 2026); an account with keys is refused when it is created.
        self._cloud.store.need(ACCOUNT.format_map(request.path_params))
        raise CloudError("BadRequest", "Failed to list key. disableLocalAuth is set to be true")

    async def _deleted_accounts(self, request: Request) -> Response:
        del request
        listed = cognitive_services.listed_accounts(self._cloud)
        return JSONResponse({"value": [cognitive_services.deleted_body(a) for a in listed]})

    async def _deleted_account(self, request: Request) -> Response:
        """Answer or purge a deleted account. The purge is long-running: gone is 404."""
        if request.method == "DELETE":
            cognitive_services.purge(self._cloud, request.url.path)
            return Response(status_code=202)
        account = cognitive_services.find_deleted(self._cloud, request.url.path)
        return JSONResponse(cognitive_services.deleted_body(account))

    async def _administrators(self, request: Request) -> Response:
        server = self._cloud.store.need(SERVER.format_map(request.path_params))
        listed = database.administrators(self._cloud, server.id)
        return JSONResponse({"value": [_arm_body(self._cloud, a) for a in listed]})

    async def _put_administrator(self, request: Request) -> Response:
        """Create or update an administrator; one that the program declared stays its resource."""
        body, token = await _json(request), database.Administrator.token
        path = request.path_params
        properties = section(body, "properties")
        inputs = {
            "resourceGroupName": path["group"],
            "serverName": path["name"],
            "objectId": path["object_id"],
            **{k: v for k, v in body.items() if k != "properties"},
            **properties,
        }
        findings = model(token).check(inputs)
        if findings:
            said = "; ".join(f"{f.path}: {f.message}" for f in findings)
            raise CloudError("InvalidRequestContent", said)
        before = self._cloud.store.get(request.url.path)
        if before is None:
            putting = self._cloud.create(token, inputs, subscription=path["sub"], urn="")
        else:
            putting = self._cloud.update(before.id, deep_merge(before.inputs, properties))
        await self._cloud.run(putting)
        return Response(status_code=202)

    async def _status(self, request: Request) -> Response:
        del request
        return JSONResponse(status(self._cloud))

    async def _sweep(self, request: Request) -> Response:
        body = await _json(request)
        removed = await self._cloud.sweep(
            str(body.get("project")),
            set(strings(body, "known")),
            with_rows=bool(body.get("with_rows")),
        )
        return JSONResponse({"removed": removed})

    async def _rows(self, request: Request) -> Response:
        del request
        return JSONResponse(await self._cloud.rows())

    async def _save(self, request: Request) -> Response:
        del request
        self._cloud.store.save()
        return JSONResponse({})

    async def _days(self, request: Request) -> Response:
        days = await _json(request)
        self._cloud.days.switch(days)
        return JSONResponse(days)

    async def _resource(self, request: Request) -> Response:
        resource_id = request.url.path
        if request.method == "DELETE":
            self._cloud.store.need(resource_id)
            await self._cloud.run(self._cloud.delete(resource_id))
            return Response(status_code=200)
        resource = self._cloud.read(resource_id)
        if request.method == "PATCH":
            inputs = _patched(resource, await _json(request))
            resource = await self._cloud.run(self._cloud.update(resource_id, inputs))
        return JSONResponse(_arm_body(self._cloud, resource))


def _arm_body(cloud: "Cloud", resource: Resource) -> Body:
    outputs = cloud.outputs(resource)
    outputs.pop("azureApiVersion", None)
    top = {"name", "type", *model(resource.token).top_level} - {"properties"}
    body: Body = {"id": resource.id, **{k: v for k, v in outputs.items() if k in top}}
    # Most types' properties the SDK spreads out beside the others; some types' stay together.
    nested = section(outputs, "properties")
    spread = {k: v for k, v in outputs.items() if k not in {*top, "properties"}}
    body["properties"] = {**spread, **nested}
    return body


def _patched(resource: Resource, patch: Mapping[str, Any]) -> Body:
    """A body with a patch in Resource Manager's shape (`properties` beside tags and such) on it."""
    flat = {k: v for k, v in patch.items() if k != "properties"}
    properties = section(patch, "properties")
    more = {"properties": properties} if "properties" in resource.inputs else properties
    return deep_merge(deep_merge(resource.inputs, flat), more)


async def _json(request: Request) -> Body:
    try:
        body = await request.json()
    except ValueError as error:
        raise CloudError("InvalidRequestContent", f"The request is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise CloudError("InvalidRequestContent", "The request must be a JSON object.")
    return cast("Body", body)


def _refusal(request: Request, error: Exception) -> Response:
    del request
    if not isinstance(error, CloudError):
        raise error
    status_code = STATUS.get(error.code, 400)
    after = RETRY_AFTER.get(status_code)
    return JSONResponse(
        {"error": {"code": error.code, "message": error.message}},
        status_code=status_code,
        headers={"Retry-After": after} if after else None,
    )


def _method_refusal(request: Request, error: Exception) -> Response:
    """Name every method of the path: Starlette names those of the first route alone."""
    assert isinstance(error, HTTPException)  # noqa: S101  # as registered
    routes = request.app.router.routes
    allowed = [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    ]
    message = f"{request.method} is not served here, but {', '.join(allowed)}."
    return JSONResponse(
        {"error": {"code": "MethodNotAllowed", "message": message}},
        status_code=error.status_code,
        headers={"Allow": ", ".join(allowed)},
    )
