"""A site on Azure Container Apps: ingress, probes, scale from zero, secrets, pull by identity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_azure_native import app

from infra.components.placement import Placement


@dataclass(frozen=True, kw_only=True)
class ContainerAppArgs:
    """Sizes are plain values, as they are priced.

    `cpu`: cores, with 2 GiB of memory each (the Consumption plan's ratio); `settings`: environment
    variables in clear; `secrets`: environment variables that only the app may read;
    `registry_server`: where the identity pulls the image from, None for a public image;
    `health_path`, `ready_path`: of the probes, None for Azure's own, a TCP connection; `after`:
    resources to create before the app and delete after it (a component's own depends_on does not
    reach its children); `custom_domains`: bindings of its own names (name, bindingType,
    certificateId), all of them, since each update replaces the app's list.
    """

    placement: Placement
    environment_id: Input[str]
    app_name: str
    image: Input[str]
    identity_id: Input[str]
    registry_server: Input[str] | None
    port: int
    cpu: float
    min_replicas: int
    max_replicas: int
    cooldown_seconds: int
    health_path: str | None
    ready_path: str | None
    settings: Mapping[str, Input[str]]
    secrets: Mapping[str, Input[str]] = field(default_factory=dict[str, Input[str]])
    concurrent_requests: int = 20
    custom_domains: Input[Sequence[Mapping[str, str]]] | None = None
    after: Sequence[Resource] = ()


class ContainerApp(ComponentResource):
    """Output `id`. Its host name is known before deployment (`container_app_host`)."""

    id: Output[str]

    def __init__(
        self, name: str, args: ContainerAppArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("frugal:web:ContainerApp", name, None, opts)
        made = app.ContainerApp(
            f"{name}-app",
            container_app_name=args.app_name,
            resource_group_name=args.placement.group,
            location=args.placement.location,
            tags=args.placement.tags,
            environment_id=args.environment_id,
            workload_profile_name="Consumption",
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity_id]},
            configuration=_configuration(args),
            template=_template(args),
            opts=ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.id = made.id
        self.register_outputs({"id": self.id})


def container_app_host(app_name: str, environment_domain: Input[str]) -> Output[str]:
    """Host name of an app with external ingress, known before the app is created."""
    return Output.concat(app_name, ".", environment_domain)


def consumption(cpu: float) -> app.ContainerResourcesArgs:
    """Cores of a container, with the Consumption plan's ratio of memory."""
    return app.ContainerResourcesArgs(cpu=cpu, memory=f"{cpu * 2:.1f}Gi")


def pulled_from(
    server: Input[str] | None, identity: Input[str]
) -> Sequence[app.RegistryCredentialsArgs]:
    """Registry that an identity pulls from, if the image is not public."""
    return [] if server is None else [app.RegistryCredentialsArgs(server=server, identity=identity)]


def _configuration(args: ContainerAppArgs) -> app.ConfigurationArgs:
    return app.ConfigurationArgs(
        active_revisions_mode=app.ActiveRevisionsMode.SINGLE,
        ingress=app.IngressArgs(
            external=True,
            target_port=args.port,
            transport=app.IngressTransportMethod.AUTO,
            allow_insecure=False,
            traffic=[app.TrafficWeightArgs(latest_revision=True, weight=100)],
            custom_domains=_custom_domains(args),
        ),
        registries=pulled_from(args.registry_server, args.identity_id),
        secrets=[
            app.SecretArgs(name=_secret_name(key), value=Output.secret(value))
            for key, value in args.secrets.items()
        ],
    )


def _custom_domains(args: ContainerAppArgs) -> Output[Sequence[app.CustomDomainArgs]] | None:
    if args.custom_domains is None:
        return None
    return Output.from_input(args.custom_domains).apply(
        lambda domains: [
            app.CustomDomainArgs(
                name=one["name"],
                binding_type=one["bindingType"],
                certificate_id=one.get("certificateId"),
            )
            for one in domains
        ]
    )


def _template(args: ContainerAppArgs) -> app.TemplateArgs:
    environment = [
        app.EnvironmentVarArgs(name=key, value=value) for key, value in args.settings.items()
    ] + [app.EnvironmentVarArgs(name=key, secret_ref=_secret_name(key)) for key in args.secrets]
    return app.TemplateArgs(
        containers=[
            app.ContainerArgs(
                name=args.app_name,
                image=args.image,
                env=environment,
                resources=consumption(args.cpu),
                probes=_probes(args),
            )
        ],
        scale=app.ScaleArgs(
            min_replicas=args.min_replicas,
            max_replicas=args.max_replicas,
            cooldown_period=args.cooldown_seconds,
            rules=[
                app.ScaleRuleArgs(
                    name="http",
                    http=app.HttpScaleRuleArgs(
                        metadata={"concurrentRequests": str(args.concurrent_requests)}
                    ),
                )
            ],
        ),
        termination_grace_period_seconds=30,
    )


def _probes(args: ContainerAppArgs) -> Sequence[app.ContainerAppProbeArgs]:
    """Probes within Azure's limits: period and timeout up to 240 s, 10 failures at most."""
    probes = (
        # Half a minute to start, probed often, since a visitor may be waiting. Dependencies are
        # part of the startup probe alone: while the database is unavailable the app's own pages
        # explain it, where the platform's 503 would not.
        (app.Type.STARTUP, args.ready_path, 3, 10),
        (app.Type.LIVENESS, args.health_path, 10, 3),
        (app.Type.READINESS, args.health_path, 5, 3),
    )
    return [
        app.ContainerAppProbeArgs(
            type=kind,
            http_get=app.ContainerAppProbeHttpGetArgs(path=path, port=args.port),
            initial_delay_seconds=1,
            period_seconds=period,
            timeout_seconds=3,
            failure_threshold=failures,
            success_threshold=1,
        )
        for kind, path, period, failures in probes
        if path
    ]


def _secret_name(variable: str) -> str:
    """Names of secrets: lower-case letters, digits and hyphens."""
    return variable.lower().replace("_", "-")
