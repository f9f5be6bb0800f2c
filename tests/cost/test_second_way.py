"""Each type's figure in a second way: rows of the shipped table by meter name, and arithmetic."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from frugal.cost.plan import Resource
from frugal.cost.usage import NO_USAGE
from tests.cost.made import azure, bill, used
from tests.cost.price_rows import price, table, tiers

D = Decimal
HOURS, DAYS = 730, 30
PREMIUM_V3 = "Azure App Service Premium v3 Plan"
PREMIUM_V4 = "Azure App Service Premium v4 Plan"
ISOLATED_V2 = "Azure App Service Isolated v2 Plan"
DOCUMENTS = "Azure Document Intelligence"


def at(kind: str, /, **inputs: Any) -> Resource:
    return azure(kind, "it", **{"location": "eastus2", **inputs})


def group(cpu: float, memory: float, **more: Any) -> Resource:
    requests = {"cpu": cpu, "memoryInGB": memory}
    containers = [{"name": "c", "resources": {"requests": requests}}]
    return at("containerinstance:ContainerGroup", containers=containers, osType="Linux", **more)


def plan(size: str, *, linux: bool = False, **more: Any) -> Resource:
    return at("web:AppServicePlan", sku={"name": size}, reserved=linux, **more)


def disk(kind: str, gib: int, **more: Any) -> Resource:
    return at("compute:Disk", sku={"name": kind}, diskSizeGB=gib, **more)


def profile(kind: str, least: int, most: int = 9) -> dict[str, Any]:
    counts = {"minimumCount": least, "maximumCount": most}
    return {"name": kind.lower(), "workloadProfileType": kind, **counts}


def model(name: str, sku: str = "GlobalStandard", capacity: int = 10) -> Resource:
    properties = {"model": {"format": "OpenAI", "name": name}}
    sku_of = {"name": sku, "capacity": capacity}
    return azure("cognitiveservices:Deployment", "it", properties=properties, sku=sku_of)


CASES: dict[str, tuple[Resource, str, Callable[[], Decimal]]] = {
    "search": (
        at(
            "search:Service",
            sku={"name": "basic"},
            replicaCount=2,
            partitionCount=3,
            semanticSearch="standard",
        ),
        "{semantic_queries: 4000}",
        lambda: (
            2 * 3 * HOURS * price("azure-cognitive-search", "Basic Unit")
            + 4 * price("azure-cognitive-search", "Semantic Ranker queries")
        ),
    ),
    "signalr": (
        at("signalrservice:SignalR", sku={"name": "Standard_S1", "capacity": 2}),
        "{messages: 63000000}",
        lambda: (
            2 * DAYS * price("signalr", "Standard Unit") + 3 * price("signalr", "Standard Message")
        ),
    ),
    "signalr replica": (
        at("signalrservice:SignalRReplica", sku={"name": "Premium_P1"}),
        "",
        lambda: DAYS * price("signalr", "Premium Unit"),
    ),
    "notification hubs": (
        at("notificationhubs:Namespace", sku={"name": "Standard"}, zoneRedundancy="Enabled"),
        "{pushes: 12000000}",
        lambda: (
            price("notification-hubs", "Standard Unit")
            + price("notification-hubs", "Availability Zones Unit")
            + 2 * tiers("notification-hubs", "Standard Pushes")["10"]
        ),
    ),
    "event grid topic": (
        at("eventgrid:Topic"),
        "{operations: 1100000}",
        lambda: 10 * tiers("event-grid", "Standard Operations")["1"],
    ),
    "event grid domain": (
        at("eventgrid:Domain"),
        "{operations: 600000}",
        lambda: 5 * tiers("event-grid", "Standard Operations")["1"],
    ),
    "event grid system topic": (
        at("eventgrid:SystemTopic"),
        "{operations: 300000}",
        lambda: 2 * tiers("event-grid", "Standard Operations")["1"],
    ),
    "event grid partner topic": (
        at("eventgrid:PartnerTopic"),
        "{operations: 200000}",
        lambda: tiers("event-grid", "Standard Operations")["1"],
    ),
    "event grid namespace": (
        at("eventgrid:Namespace", sku={"name": "Standard", "capacity": 1}),
        "{events: 3000000, mqtt_operations: 2000000}",
        lambda: (
            HOURS * price("event-grid", "Standard Throughput Unit")
            + 2 * tiers("event-grid", "Standard Event Operations")["1"]
            + tiers("event-grid", "Standard MQTT Operations")["1"]
        ),
    ),
    "iot hub": (
        at("iothub:IotHubResource", sku={"name": "S1", "capacity": 3}),
        "",
        lambda: 3 * price("iot-hub", "S1 Unit"),
    ),
    "device provisioning": (
        at("deviceprovisioningservices:IotDpsResource", sku={"name": "S1", "capacity": 1}),
        "{operations: 25000}",
        lambda: 25 * price("iot-hub", "S1 Operations"),
    ),
    "digital twins": (
        at("digitaltwins:DigitalTwin"),
        "{messages: 1000, operations: 2000, query_units: 3000}",
        lambda: (
            price("digital-twins", "Standard Message")
            + 2 * price("digital-twins", "Standard Operations")
            + 3 * price("digital-twins", "Standard Query Units")
        ),
    ),
    "iot central": (
        at("iotcentral:App", sku={"name": "ST1"}),
        "{devices: 12, messages: 61000}",
        lambda: (
            10 * HOURS * price("iot-central", "Standard Tier 1")
            + price("iot-central", "Standard Overage Messages")
        ),
    ),
    "api management": (
        at("apimanagement:ApiManagementService", sku={"name": "Developer", "capacity": 1}),
        "",
        lambda: HOURS * price("api-management", "Developer Unit"),
    ),
    "api management in two regions": (
        at(
            "apimanagement:ApiManagementService",
            sku={"name": "Premium", "capacity": 2},
            additionalLocations=[
                {"location": "West Europe", "sku": {"name": "Premium", "capacity": 1}}
            ],
        ),
        "",
        lambda: (
            2 * HOURS * price("api-management", "Premium Unit")
            + HOURS * price("api-management", "Premium Unit", "westeurope")
        ),
    ),
    "api management, calls": (
        at("apimanagement:ApiManagementService", sku={"name": "Consumption", "capacity": 0}),
        "{calls: 3000000}",
        lambda: 200 * tiers("api-management", "Consumption Calls")["100"],
    ),
    "workspace gateway": (
        at("apimanagement:ApiGateway", sku={"name": "WorkspaceGatewayPremium", "capacity": 1}),
        "",
        lambda: HOURS * price("api-management", "Workspace Gateway Premium Unit"),
    ),
    "logic apps": (
        at("logic:Workflow"),
        "{built_in_actions: 14000, standard_connector_calls: 1000, retained_gb: 1}",
        lambda: (
            10_000 * tiers("logic-apps", "Consumption Built-in Actions")["4000"]
            + 1000 * price("logic-apps", "Consumption Standard Connector Actions")
            + price("logic-apps", "Consumption Data Retention")
        ),
    ),
    "integration account": (
        at("logic:IntegrationAccount", sku={"name": "Basic"}),
        "",
        lambda: price("logic-apps", "Basic Unit"),
    ),
    "stream analytics": (
        at(
            "streamanalytics:StreamingJob",
            sku={"name": "StandardV2"},
            transformation={"streamingUnits": 20},
        ),
        "",
        lambda: (
            730 * tiers("stream-analytics", "Standard V2 Streaming Unit/Job")["0"]
            + 730 * tiers("stream-analytics", "Standard V2 Streaming Unit/Job")["730"]
        ),
    ),
    "stream analytics cluster": (
        at("streamanalytics:Cluster", sku={"name": "Default", "capacity": 36}),
        "",
        lambda: 36 * HOURS * price("stream-analytics", "Dedicated Streaming Unit"),
    ),
    "container instances": (
        group(1.2, 1.5),
        "",
        lambda: (
            2 * HOURS * price("container-instances", "Standard vCPU Duration")
            + D("1.5") * HOURS * price("container-instances", "Standard Memory Duration")
        ),
    ),
    "disk": (
        disk("Premium_LRS", 100),
        "",
        lambda: price("storage", "P10 LRS Disk"),
    ),
    "disk of a higher tier": (
        disk("Premium_ZRS", 100, tier="P30"),
        "",
        lambda: price("storage", "P30 ZRS Disk"),
    ),
    "standard disk": (
        disk("StandardSSD_LRS", 128),
        "{operations: 1000000}",
        lambda: (
            price("storage", "E10 LRS Disk") + 100 * price("storage", "E10 LRS Disk Operations")
        ),
    ),
    "small standard disk": (
        disk("Standard_LRS", 8),
        "{operations: 0}",
        lambda: price("storage", "S4 LRS Disk"),
    ),
    "premium disk of the second version": (
        disk("PremiumV2_LRS", 100),
        "",
        lambda: (
            100
            * HOURS
            * price("storage", "Premium LRS Provisioned Capacity", product="Azure Premium SSD v2")
        ),
    ),
    "ultra disk": (
        disk("UltraSSD_LRS", 100, diskIOPSReadWrite=1000, diskMBpsReadWrite=50),
        "",
        lambda: (
            HOURS
            * (
                100 * price("storage", "Ultra LRS Provisioned Capacity")
                + 1000 * price("storage", "Ultra LRS Provisioned IOPS")
                + 50 * price("storage", "Ultra LRS Provisioned Throughput (MBps)")
            )
        ),
    ),
    "snapshot": (
        at("compute:Snapshot", sku={"name": "Standard_ZRS"}, diskSizeGB=64),
        "{stored_gb: 20}",
        lambda: 20 * price("storage", "ZRS Snapshots", product="Standard HDD Managed Disks"),
    ),
    "windows plan": (
        plan("P1v3"),
        "",
        lambda: HOURS * price("azure-app-service", "P1 v3 App", product=PREMIUM_V3),
    ),
    "linux plan": (
        plan("P2mv4", linux=True),
        "",
        lambda: HOURS * price("azure-app-service", "P2mv4", product=f"{PREMIUM_V4} - Linux"),
    ),
    "isolated plan": (
        plan("I1v2"),
        "",
        lambda: HOURS * price("azure-app-service", "I1 v2 App", product=ISOLATED_V2),
    ),
    "elastic premium": (
        plan("EP2", maximumElasticWorkerCount=5),
        "",
        lambda: (
            HOURS
            * (
                2 * price("functions", "Premium vCPU Duration")
                + 7 * price("functions", "Premium Memory Duration")
            )
        ),
    ),
    "workflow standard": (
        plan("WS1"),
        "",
        lambda: (
            HOURS
            * (
                price("logic-apps", "Standard vCPU Duration")
                + D("3.5") * price("logic-apps", "Standard Memory Duration")
            )
        ),
    ),
    "consumption plan": (
        plan("Y1"),
        "{executions: 3000000, gb_seconds: 600000}",
        lambda: (
            200_000 * tiers("functions", "Standard Total Executions")["100000"]
            + 200_000 * tiers("functions", "Standard Execution Time")["400000"]
        ),
    ),
    "flex consumption": (
        at("web:WebApp", functionAppConfig={"scaleAndConcurrency": {"instanceMemoryMB": 4096}}),
        "{egress_gb: 0, executions: 1250000, gb_seconds: 300000}",
        lambda: (
            100_000 * tiers("functions", "On Demand Total Executions")["25000"]
            + 200_000 * tiers("functions", "On Demand Execution Time")["100000"]
        ),
    ),
    "dedicated profile": (
        at("app:ManagedEnvironment", workloadProfiles=[profile("D8", 2), profile("E4", 1)]),
        "",
        lambda: (
            HOURS
            * (
                (2 * 8 + 4) * price("azure-container-apps", "Dedicated vCPU Usage")
                + (2 * 32 + 32) * price("azure-container-apps", "Dedicated Memory Usage")
                + price("azure-container-apps", "Dedicated Plan Management")
            )
        ),
    ),
    "sessions": (
        at("app:ContainerAppsSessionPool", containerType="PythonLTS"),
        "{session_hours: 12}",
        lambda: 12 * price("azure-container-apps", "Dynamic Sessions"),
    ),
    "registry in another region": (
        at("containerregistry:Replication", location="westeurope"),
        "",
        lambda: DAYS * price("container-registry", "Premium Registry Unit", "westeurope"),
    ),
    "static site at the edge": (
        at("web:StaticSite", sku={"name": "Standard"}, enterpriseGradeCdnStatus="Enabled"),
        "{bandwidth_gb: 150}",
        lambda: (
            price("azure-app-service", "Standard App", product="Static Web Apps")
            + HOURS * price("azure-app-service", "Standard Azure Front Door Add-on")
            + 50 * tiers("azure-app-service", "Standard Bandwidth Usage")["100"]
        ),
    ),
    "translator": (
        at("cognitiveservices:Account", kind="TextTranslation", sku={"name": "S1"}),
        "{characters: 2000000}",
        lambda: 2 * price("foundry-tools", "S1 Characters", product="Translator Text"),
    ),
    "language": (
        at("cognitiveservices:Account", kind="TextAnalytics", sku={"name": "S"}),
        "{text_records: 600000}",
        lambda: (
            500 * tiers("foundry-tools", "Standard Text Records", product="Azure Language")["0"]
            + 100 * tiers("foundry-tools", "Standard Text Records", product="Azure Language")["500"]
        ),
    ),
    "speech": (
        at("cognitiveservices:Account", kind="SpeechServices", sku={"name": "S0"}),
        "{audio_hours: 10, spoken_characters: 1000000}",
        lambda: (
            10 * price("foundry-tools", "S1 Speech To Text")
            + price("foundry-tools", "S1 Neural Text To Speech Characters")
        ),
    ),
    "documents": (
        at("cognitiveservices:Account", kind="FormRecognizer", sku={"name": "S0"}),
        "{pages: 2000, read_pages: 1000}",
        lambda: (
            2 * price("foundry-tools", "S0 Pre-built Pages", product=DOCUMENTS)
            + tiers("foundry-tools", "S0 Read Pages", product=DOCUMENTS)["0"]
        ),
    ),
    "model": (
        model("gpt-4.1-mini"),
        "{input_tokens: 1000000, output_tokens: 200000}",
        lambda: (
            1000 * price("foundry-models", "gpt 4.1 mini Inp glbl Tokens", "swedencentral")
            + 200 * price("foundry-models", "gpt 4.1 mini Outp glbl Tokens", "swedencentral")
        ),
    ),
    "provisioned model": (
        model("gpt-4.1", "GlobalProvisionedManaged", 15),
        "",
        lambda: (
            15 * HOURS * price("foundry-models", "Provisioned Managed Global Unit", "swedencentral")
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_figure_is_that_of_the_rows(case: str) -> None:
    resource, usage, figure = CASES[case]
    figures = used(f"resources: {{it: {usage}}}") if usage else NO_USAGE
    found = bill(resource, usage=figures, prices=table())
    assert not found.unpriced
    assert found.monthly.expected == figure() > 0
    assert found.monthly.low <= found.monthly.expected <= found.monthly.high
