"""Figures of storage, databases, messages, networks and logs, each in a second way.

The second way is rows of the shipped table, by the meter's name, and arithmetic by hand.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.month import calendar_month
from frugal.cost.plan import Resource
from frugal.cost.usage import NO_USAGE
from tests.cost.made import USUAL, azure, bill, used
from tests.cost.price_rows import price, table, tiers

D = Decimal
HOURS, DAYS, SECONDS = 730, 30, 2_628_000
GIB = 2**30

STORAGE, SQL, REDIS = "storage", "sql-database", "redis-cache"
POSTGRES, MYSQL = "azure-database-for-postgresql", "azure-database-for-mysql"
COSMOS, BUS, HUBS, VAULT = "azure-cosmos-db", "service-bus", "event-hubs", "key-vault"
MONITOR, NETWORK, GATEWAY = "azure-monitor", "virtual-network", "application-gateway"
FLEXIBLE = "Azure Database for PostgreSQL Flexible Server"
MYSQL_FLEXIBLE = "Azure Database for MySQL Flexible Server"
GP, POOLED = "SQL Database Single/Elastic Pool General Purpose", "SQL Database Single/Elastic Pool"


class Case(NamedTuple):
    """A resource, its figure in USD a month, and that figure in a second way."""

    it: Resource
    monthly: str
    again: Callable[[], Decimal]
    use: str = ""
    others: tuple[Resource, ...] = ()


def at(kind: str, /, **inputs: Any) -> Resource:
    return azure(kind, "it", **{"location": "eastus2", **inputs})


def part(kind: str, /, **inputs: Any) -> Resource:
    """A child of another resource, without a region of its own."""
    return azure(kind, "it", **inputs)


def estimated(case: Case) -> Estimate:
    usage = used(f"resources: {{it: {case.use}}}") if case.use else NO_USAGE
    return bill(case.it, *case.others, usage=usage, prices=table())


def own(found: Estimate) -> list[Decimal]:
    """Low, expected and high of the resource itself."""
    lines = [line.monthly for line in found.lines if line.name == "it"]
    return [sum((line[number] for line in lines), D(0)) for number in range(3)]


def account(sku: str = "Standard_LRS", kind: str = "StorageV2", **more: Any) -> Resource:
    inputs = {"accountName": "store", "location": "eastus2", "sku": {"name": sku}, "kind": kind}
    return azure("storage:StorageAccount", "account", **inputs, **more)


def blobs(sku: str, kind: str = "StorageV2", **more: Any) -> Resource:
    return at("storage:StorageAccount", sku={"name": sku}, kind=kind, **more)


def sql(name: str, **more: Any) -> Resource:
    sku = {"name": name} | {key: more.pop(key) for key in ("capacity",) if key in more}
    return at("sql:Database", sku=sku, **more)


def mysql(size: str, gib: int = 20, mode: str = "Disabled", **storage: Any) -> Resource:
    return at(
        "dbformysql:Server",
        sku={"name": size},
        storage={"storageSizeGB": gib, **storage},
        highAvailability={"mode": mode},
        version="8.0.21",
    )


def postgres(size: str, gib: int = 32, **more: Any) -> Resource:
    storage = {"storageSizeGB": gib, **more.pop("storage", {})}
    return at("dbforpostgresql:Server", sku={"name": size}, storage=storage, **more)


def cosmos(*regions: str, **more: Any) -> Resource:
    places = [{"locationName": name} for name in regions or ("East US 2",)]
    return azure("cosmosdb:DatabaseAccount", "cosmos", accountName="db", locations=places, **more)


def container(options: dict[str, Any] | None = None, **more: Any) -> Resource:
    inputs = {"accountName": "db", "databaseName": "main", "resource": {"id": "it"}, **more}
    return at("cosmosdb:SqlResourceSqlContainer", **inputs, options=options or {})


def vault(size: str = "premium") -> Resource:
    properties = {"sku": {"name": size, "family": "A"}}
    inputs = {"vaultName": "keys", "location": "eastus2", "properties": properties}
    return azure("keyvault:Vault", "vault", **inputs)


def network(name: str, place: str = "eastus2") -> Resource:
    return azure("network:VirtualNetwork", name, virtualNetworkName=name, location=place)


def logs() -> Resource:
    return azure("operationalinsights:Workspace", "logs", workspaceName="w", location="eastus2")


NO_EGRESS = "egress_gb: 0"
ONLY_DATA = f"write_operations: 0, read_operations: 0, {NO_EGRESS}"

CASES: dict[str, Case] = {
    "blobs": Case(
        blobs("Standard_LRS"),
        "2.376",
        lambda: (
            100 * tiers(STORAGE, "Hot LRS Data Stored", product="General Block Blob v2")["0"]
            + 10 * price(STORAGE, "Hot LRS Write Operations", product="General Block Blob v2")
            + 9 * price(STORAGE, "Hot Read Operations", product="General Block Blob v2")
        ),
        f"{{stored_gb: 100, write_operations: 100000, read_operations: 90000, {NO_EGRESS}}}",
    ),
    "blobs in two regions": Case(
        blobs("Standard_RAGRS", accessTier="Cool"),
        "2.64",
        lambda: (
            100 * price(STORAGE, "Cool RA-GRS Data Stored", product="General Block Blob v2")
            + 10 * price(STORAGE, "Cool Data Retrieval", product="General Block Blob v2")
            + 2 * price(STORAGE, "Geo-Replication v2 Data Transfer")
        ),
        f"{{stored_gb: 100, retrieved_gb: 10, replicated_gb: 2, {ONLY_DATA}}}",
    ),
    "a data lake": Case(
        blobs("Standard_ZRS", isHnsEnabled=True),
        "2.3",
        lambda: (
            100
            * tiers(
                STORAGE,
                "Hot ZRS Data Stored",
                product="Azure Data Lake Storage Gen2 Hierarchical Namespace",
            )["0"]
        ),
        f"{{stored_gb: 100, {ONLY_DATA}}}",
    ),
    "premium blobs": Case(
        blobs("Premium_LRS", "BlockBlobStorage"),
        "1.535",
        lambda: (
            10 * price(STORAGE, "Premium LRS Data Stored", product="Premium Block Blob")
            + 2 * price(STORAGE, "Premium LRS Write Operations", product="Premium Block Blob")
        ),
        f"{{stored_gb: 10, write_operations: 20000, read_operations: 0, {NO_EGRESS}}}",
    ),
    "file share": Case(
        part("storage:FileShare", accountName="store"),
        "6.015",
        lambda: (
            100 * price(STORAGE, "LRS Data Stored", product="Files v2")
            + price(STORAGE, "LRS Write Operations", product="Files v2")
        ),
        "{stored_gb: 100, write_operations: 10000, read_operations: 0}",
        (account(),),
    ),
    "premium file share": Case(
        part("storage:FileShare", accountName="store", shareQuota=128),
        "20.48",
        lambda: 128 * price(STORAGE, "Premium LRS Provisioned"),
        others=(account("Premium_LRS", "FileStorage"),),
    ),
    "queue": Case(
        part("storage:Queue", accountName="store"),
        "0.445",
        lambda: (
            price(STORAGE, "LRS Data Stored", product="Queues v2")
            + 100 * price(STORAGE, "LRS Class 1 Operations", product="Queues v2")
        ),
        "{stored_gb: 1, operations: 1000000}",
        (account(),),
    ),
    "table": Case(
        part("storage:Table", accountName="store"),
        "0.486",
        lambda: (
            10 * price(STORAGE, "LRS Data Stored", product="Tables")
            + 100 * price(STORAGE, "Read Operations", product="Tables")
        ),
        "{stored_gb: 10, operations: 1000000}",
        (account(),),
    ),
    "SQL Basic": Case(sql("Basic"), "4.83", lambda: DAYS * price(SQL, "B DTU")),
    "SQL S0": Case(sql("S0"), "14.517", lambda: DAYS * price(SQL, "S0 DTUs")),
    "SQL S4 with 300 GB": Case(
        sql("Standard", capacity=200, maxSizeBytes=300 * GIB),
        "300.54",
        lambda: (
            DAYS * D("9.678")
            + 50 * price(SQL, "Data Stored", product="SQL Database Standard - Storage")
        ),
    ),
    "SQL of two vCores": Case(
        sql("GP_Gen5", capacity=2, licenseType="BasePrice"),
        "227.02082",
        lambda: (
            2 * HOURS * D("0.152217") + 32 * D("1.3") * price(SQL, "General Purpose Data Stored")
        ),
    ),
    "serverless SQL": Case(
        sql("GP_S_Gen5_1", autoPauseDelay=60),
        "30.8719",
        lambda: (
            50
            * price(
                SQL, "vCore", product="SQL Database General Purpose - Serverless - Compute Gen5"
            )
            + 32 * D("1.3") * price(SQL, "General Purpose Data Stored")
        ),
    ),
    "Hyperscale": Case(
        sql("HS_Gen5_2", highAvailabilityReplicaCount=0),
        "269.1836",
        lambda: 2 * HOURS * D("0.18266") + 10 * D("0.25"),
    ),
    "elastic pool": Case(
        at("sql:ElasticPool", sku={"name": "StandardPool", "capacity": 50}),
        "108.75",
        lambda: 50 * DAYS * D("0.0725"),
    ),
    "job agent": Case(
        at("sql:JobAgent", sku={"name": "JA100"}),
        "22.63",
        lambda: HOURS * price(SQL, "JA100 Job Agent"),
    ),
    "Redis Standard": Case(
        at("redis:Redis", sku={"name": "Standard", "family": "C", "capacity": 1}),
        "100.74",
        lambda: HOURS * price(REDIS, "C1 Cache", product="Azure Redis Cache Standard"),
    ),
    "Redis Premium": Case(
        at(
            "redis:Redis",
            sku={"name": "Premium", "family": "P", "capacity": 1},
            shardCount=2,
            replicasPerPrimary=2,
        ),
        "1214.72",
        lambda: 2 * HOURS * (price(REDIS, "P1 Cache") + price(REDIS, "P1 Cache Instance")),
    ),
    "Managed Redis": Case(
        at("redisenterprise:RedisEnterprise", sku={"name": "Balanced_B1"}),
        "46.72",
        lambda: 2 * HOURS * price(REDIS, "B1 Cache Instance"),
    ),
    "Managed Redis on one node": Case(
        at(
            "redisenterprise:RedisEnterprise",
            sku={"name": "Balanced_B1"},
            highAvailability="Disabled",
        ),
        "23.36",
        lambda: HOURS * price(REDIS, "B1 Cache Instance"),
    ),
    "Redis Enterprise": Case(
        at("redisenterprise:RedisEnterprise", sku={"name": "Enterprise_E10", "capacity": 2}),
        "702.26",
        lambda: 2 * HOURS * price(REDIS, "E10 Cache"),
    ),
    "MySQL B1ms": Case(
        mysql("Standard_B1ms"),
        "14.71",
        lambda: (
            HOURS * price(MYSQL, "B1MS")
            + 20 * price(MYSQL, "Storage Data Stored", product=f"{MYSQL_FLEXIBLE} Storage")
        ),
    ),
    "MySQL on two servers": Case(
        mysql("Standard_D2ads_v5", 100, mode="ZoneRedundant"),
        "272.66",
        lambda: 2 * (2 * HOURS * D("0.0855") + 100 * D("0.115")),
    ),
    "MySQL with more operations": Case(
        mysql("Standard_D2ads_v5", 100, iops=1000),
        "156.33",
        lambda: (
            2 * HOURS * D("0.0855")
            + 100 * D("0.115")
            + (1000 - 600) * price(MYSQL, "Additional IOPS")
        ),
    ),
    "MySQL that pays each operation": Case(
        mysql("Standard_E2ds_v5", 20, autoIoScaling="Enabled"),
        "174.78",
        lambda: (
            HOURS
            * price(
                MYSQL, "2 vCore", product=f"{MYSQL_FLEXIBLE} Memory Optimized Edsv5 Series Compute"
            )
            + 20 * D("0.115")
            + price(MYSQL, "Paid IO LRS IO Rate Operations")
        ),
    ),
    "PostgreSQL on AMD, sixth generation": Case(
        postgres("Standard_D4ads_v6", 64),
        "334.4",
        lambda: (
            4
            * HOURS
            * price(
                POSTGRES, "1 vCore", product=f"{FLEXIBLE} General Purpose Dadsv6 Series Compute"
            )
            + 64 * D("0.115")
        ),
    ),
    "PostgreSQL B4ms": Case(
        postgres("Standard_B4ms"),
        "202.24",
        lambda: HOURS * price(POSTGRES, "B4ms vCore") + 32 * D("0.115"),
    ),
    "PostgreSQL E2ds_v5": Case(
        postgres("Standard_E2ds_v5"),
        "186.18",
        lambda: HOURS * D("0.25") + 32 * D("0.115"),
    ),
    "PostgreSQL D2s_v3": Case(
        postgres("Standard_D2s_v3"),
        "128.51",
        lambda: 2 * HOURS * D("0.0855") + 32 * D("0.115"),
    ),
    "PostgreSQL cluster": Case(
        postgres("Standard_D2ds_v5", 128, cluster={"clusterSize": 2}),
        "289.32",
        lambda: 2 * (HOURS * D("0.178") + 128 * D("0.115")),
    ),
    "PostgreSQL on faster disks": Case(
        postgres("Standard_D2ds_v5", 64, storage={"type": "PremiumV2_LRS", "iops": 4000}),
        "157.3",
        lambda: (
            HOURS * D("0.178")
            + 64 * price(POSTGRES, "Premium SSD v2 Storage Data Stored")
            + 1000 * price(POSTGRES, "Premium SSD v2 IOPS Provisioned IOPS")
        ),
    ),
    "Cosmos container": Case(
        container({"throughput": 400}),
        "23.61",
        lambda: 4 * HOURS * D("0.008") + D("0.25"),
        others=(cosmos(),),
    ),
    "Cosmos container in two regions": Case(
        container({"throughput": 1000}),
        "146.625",
        lambda: 10 * HOURS * (D("0.008") + D("0.012")) + D("0.25") + D("0.375"),
        others=(cosmos("East US 2", "Brazil South"),),
    ),
    "Cosmos autoscale": Case(
        container({"autoscaleSettings": {"maxThroughput": 4000}}),
        "35.29",
        lambda: 4 * HOURS * price(COSMOS, "AP1 100 RUs") + D("0.25"),
        others=(cosmos(),),
    ),
    "Cosmos serverless": Case(
        container(),
        "5.25",
        lambda: 20 * price(COSMOS, "1M RUs") + D("0.25"),
        "{request_units: 20000000, stored_gb: 1}",
        (cosmos(capabilities=[{"name": "EnableServerless"}]),),
    ),
    "Cosmos keyspace": Case(
        at(
            "cosmosdb:CassandraResourceCassandraKeyspace",
            accountName="db",
            options={"throughput": 400},
        ),
        "23.36",
        lambda: 4 * HOURS * D("0.008"),
        others=(cosmos(),),
    ),
    "Cosmos graphs": Case(
        at(
            "cosmosdb:GremlinResourceGremlinDatabase", accountName="db", options={"throughput": 500}
        ),
        "29.2",
        lambda: 5 * HOURS * D("0.008"),
        others=(cosmos(),),
    ),
    "Cosmos documents of Mongo": Case(
        at(
            "cosmosdb:MongoDBResourceMongoDBDatabase", accountName="db", options={"throughput": 600}
        ),
        "35.04",
        lambda: 6 * HOURS * D("0.008"),
        others=(cosmos(),),
    ),
    "Cosmos database": Case(
        at("cosmosdb:SqlResourceSqlDatabase", accountName="db", options={"throughput": 700}),
        "40.88",
        lambda: 7 * HOURS * D("0.008"),
        others=(cosmos(),),
    ),
    "dedicated gateway": Case(
        part(
            "cosmosdb:Service",
            accountName="db",
            properties={
                "serviceType": "SqlDedicatedGateway",
                "instanceSize": "Cosmos.D4s",
                "instanceCount": 2,
            },
        ),
        "554.8",
        lambda: (
            2
            * HOURS
            * price(COSMOS, "D4s", product="Azure Cosmos DB Dedicated Gateway - General Purpose")
        ),
        others=(cosmos(),),
    ),
    "Service Bus Basic": Case(
        at("servicebus:Namespace", sku={"name": "Basic"}),
        "0.1",
        lambda: 2 * price(BUS, "Basic Messaging Operations"),
        "{operations: 2000000}",
    ),
    "Service Bus Standard": Case(
        at("servicebus:Namespace", sku={"name": "Standard"}),
        "15.41193",
        lambda: HOURS * D("0.013441") + 7 * tiers(BUS, "Standard Messaging Operations")["13"],
        "{operations: 20000000}",
    ),
    "Service Bus Premium": Case(
        at("servicebus:Namespace", sku={"name": "Premium", "capacity": 2}),
        "1354.15",
        lambda: 2 * HOURS * price(BUS, "Premium Messaging Unit"),
    ),
    "hybrid connection": Case(
        part("relay:HybridConnection", namespaceName="relay"),
        "11.782",
        lambda: (
            HOURS * price(BUS, "Hybrid Connections Listener Unit")
            + 2 * tiers(BUS, "Hybrid Connections Data Transfer")["5"]
        ),
        "{transferred_gb: 7}",
        (azure("relay:Namespace", "relay", namespaceName="relay", location="eastus2"),),
    ),
    "WCF relay": Case(
        part("relay:WCFRelay", namespaceName="relay"),
        "0.83",
        lambda: D("7.3") * price(BUS, "WCF Relay") + 10 * price(BUS, "WCF Relay Message"),
        "{messages: 100000}",
        (azure("relay:Namespace", "relay", namespaceName="relay", location="eastus2"),),
    ),
    "Event Hubs": Case(
        at("eventhub:Namespace", sku={"name": "Standard", "capacity": 2}),
        "44.08",
        lambda: (
            2 * HOURS * price(HUBS, "Standard Throughput Unit")
            + 10 * price(HUBS, "Standard Ingress Events")
        ),
        "{events: 10000000}",
    ),
    "capture of an event hub": Case(
        part("eventhub:EventHub", namespaceName="hubs", captureDescription={"enabled": True}),
        "146",
        lambda: 2 * HOURS * price(HUBS, "Standard Capture"),
        others=(
            azure(
                "eventhub:Namespace",
                "hubs",
                namespaceName="hubs",
                location="eastus2",
                sku={"name": "Standard", "capacity": 2},
            ),
        ),
    ),
    "Event Hubs cluster": Case(
        at("eventhub:Cluster", sku={"name": "Dedicated", "capacity": 1}),
        "4999.77",
        lambda: HOURS * price(HUBS, "Dedicated Capacity Unit"),
    ),
    "premium vault": Case(
        at("keyvault:Vault", properties={"sku": {"name": "premium", "family": "A"}}),
        "0.3",
        lambda: 10 * D("0.03"),
        "{operations: 100000}",
    ),
    "key in hardware": Case(
        part("keyvault:Key", vaultName="keys", properties={"kty": "RSA-HSM", "keySize": 2048}),
        "1",
        lambda: price(VAULT, "Premium HSM-protected RSA 2048-bit key"),
        others=(vault(),),
    ),
    "key that rotates": Case(
        part(
            "keyvault:Key",
            vaultName="keys",
            properties={
                "kty": "EC-HSM",
                "rotationPolicy": {"lifetimeActions": [{"action": {"type": "rotate"}}]},
            },
        ),
        "6",
        lambda: tiers(VAULT, "Premium HSM-protected Advanced Key")["0"] + D(1),
        "{rotations: 1}",
        (vault(),),
    ),
    "managed HSM": Case(
        at("keyvault:ManagedHsm", sku={"name": "Standard_B1", "family": "B"}),
        "2336",
        lambda: HOURS * price(VAULT, "Standard B1 Instance"),
    ),
    "dedicated HSM": Case(
        at("hardwaresecuritymodules:DedicatedHsm", sku={"name": "SafeNet Luna Network HSM A790"}),
        "3540.5",
        lambda: HOURS * price(VAULT, "Standard Instance"),
    ),
    "logs by commitment": Case(
        at(
            "operationalinsights:Workspace",
            sku={"name": "CapacityReservation", "capacityReservationLevel": 100},
        ),
        "5880",
        lambda: DAYS * price(MONITOR, "100 GB Commitment Tier Capacity Reservation"),
        "{ingested_gb: 2000}",
    ),
    "logs beyond the commitment": Case(
        at(
            "operationalinsights:Workspace",
            sku={"name": "CapacityReservation", "capacityReservationLevel": 100},
        ),
        "7840",
        lambda: 40 * price(MONITOR, "100 GB Commitment Tier Capacity Reservation"),
        "{ingested_gb: 4000}",
    ),
    "basic logs": Case(
        part("operationalinsights:Table", workspaceName="w", plan="Basic", totalRetentionInDays=60),
        "5.2",
        lambda: (
            10 * price(MONITOR, "Basic Logs Data Ingestion") + 10 * price(MONITOR, "Data Archive")
        ),
        "{ingested_gb: 10}",
        (logs(),),
    ),
    "export of logs": Case(
        part("operationalinsights:DataExport", workspaceName="w"),
        "1",
        lambda: 10 * price(MONITOR, "Log Analytics data export Data Exported"),
        "{exported_gb: 10}",
        (logs(),),
    ),
    "logs cluster": Case(
        at("operationalinsights:Cluster", sku={"name": "CapacityReservation", "capacity": 500}),
        "25950",
        lambda: DAYS * price(MONITOR, "500 GB Commitment Tier Capacity Reservation"),
    ),
    "alert on metrics": Case(
        at(
            "monitor:MetricAlert",
            location="global",
            scopes=["a", "b"],
            criteria={"allOf": [{"criterionType": "DynamicThresholdCriterion"}]},
        ),
        "0.2",
        lambda: 2 * price(MONITOR, "Alerts Dynamic Threshold", "westeurope"),
    ),
    "alert on logs": Case(
        at("monitor:ScheduledQueryRule", evaluationFrequency="PT5M"),
        "1.65",
        lambda: (
            price(MONITOR, "Alerts System Log Monitored at 5 Minute Frequency")
            + price(MONITOR, "Alerts Resource Monitored at 5 Minute Frequency")
        ),
        "{time_series: 2}",
    ),
    "text messages": Case(
        at(
            "monitor:ActionGroup",
            location="Global",
            smsReceivers=[{"countryCode": "44", "phoneNumber": "1"}],
        ),
        "0.72",
        lambda: 20 * price(MONITOR, "SMS Country Code 44 Notification", "westeurope"),
    ),
    "Prometheus": Case(
        at("monitor:AzureMonitorWorkspace"),
        "1.61",
        lambda: (
            10 * price(MONITOR, "Metrics ingestion Metric samples")
            + 10 * price(MONITOR, "Prometheus Metrics Queries Metric samples")
        ),
        "{samples: 100000000}",
    ),
    "test of availability": Case(
        at(
            "applicationinsights:WebTest",
            kind="standard",
            webTestKind="standard",
            frequency=300,
            locations=[{"location": "us-va-ash-azr"}, {"location": "emea-nl-ams-azr"}],
        ),
        "8.76",
        lambda: 2 * SECONDS / D(300) * price(MONITOR, "Standard Web Test Execution"),
    ),
    "public address": Case(
        at("network:PublicIPAddress", sku={"name": "Standard"}, publicIPAllocationMethod="Static"),
        "3.65",
        lambda: HOURS * price(NETWORK, "Standard IPv4 Static Public IP"),
    ),
    "addresses in a row": Case(
        at("network:PublicIPPrefix", sku={"name": "Standard"}, prefixLength=30),
        "17.52",
        lambda: 4 * HOURS * price(NETWORK, "Standard Static IP Addresses"),
    ),
    "flow logs": Case(
        at(
            "network:FlowLog",
            enabled=True,
            flowAnalyticsConfiguration={
                "networkWatcherFlowAnalyticsConfiguration": {
                    "enabled": True,
                    "trafficAnalyticsInterval": 10,
                }
            },
        ),
        "9.5",
        lambda: (
            5 * tiers("network-watcher", "Standard VNet Flow Logs Collected")["5"]
            + 2
            * price(
                "network-watcher", "Standard Traffic Analytics Processing at 10-Minute Interval"
            )
        ),
        "{collected_gb: 10, analysed_gb: 2}",
    ),
    "peering of two regions": Case(
        part(
            "network:VirtualNetworkPeering",
            virtualNetworkName="a",
            remoteVirtualNetwork={"id": "b"},
        ),
        "0.7",
        lambda: (
            10 * price(NETWORK, "Inter-Region Ingress") + 10 * price(NETWORK, "Inter-Region Egress")
        ),
        "{ingress_gb: 10, egress_gb: 10}",
        (network("a"), network("b", "westus2")),
    ),
    "application gateway": Case(
        at(
            "network:ApplicationGateway",
            sku={"name": "Standard_v2", "tier": "Standard_v2", "capacity": 2},
        ),
        "262.8",
        lambda: (
            HOURS
            * (
                price(GATEWAY, "Standard Fixed Cost", product="Application Gateway Standard v2")
                + 20
                * price(
                    GATEWAY, "Standard Capacity Units", product="Application Gateway Standard v2"
                )
            )
        ),
    ),
    "application gateway with a firewall": Case(
        at(
            "network:ApplicationGateway",
            sku={"name": "WAF_v2", "tier": "WAF_v2"},
            autoscaleConfiguration={"minCapacity": 0, "maxCapacity": 2},
        ),
        "294.336",
        lambda: (
            HOURS
            * (
                price(GATEWAY, "Standard Fixed Cost", product="Application Gateway WAF v2")
                + 3
                * price(GATEWAY, "Standard Capacity Units", product="Application Gateway WAF v2")
            )
        ),
        "{capacity_units: 3}",
    ),
    "firewall": Case(
        at("network:AzureFirewall", sku={"name": "AZFW_VNet", "tier": "Standard"}),
        "914.1",
        lambda: (
            HOURS * price("azure-firewall", "Standard Deployment")
            + 100 * price("azure-firewall", "Standard Data Processed")
        ),
        "{processed_gb: 100}",
    ),
    "VPN gateway": Case(
        at(
            "network:VirtualNetworkGateway",
            gatewayType="Vpn",
            sku={"name": "VpnGw1", "tier": "VpnGw1"},
            vpnClientConfiguration={"vpnClientProtocols": ["OpenVPN"]},
        ),
        "211.7",
        lambda: HOURS * price("vpn-gateway", "VpnGw1") + 10 * HOURS * D("0.01"),
        "{extra_clients: 10}",
    ),
    "ExpressRoute gateway": Case(
        at(
            "network:VirtualNetworkGateway",
            gatewayType="ExpressRoute",
            sku={"name": "ErGw1AZ", "tier": "ErGw1AZ"},
        ),
        "263.53",
        lambda: HOURS * price("expressroute", "ErGw1AZ Gateway"),
    ),
    "gateway for containers": Case(
        at("servicenetworking:TrafficControllerInterface"),
        "18.25",
        lambda: HOURS * (D("0.017") + D("0.008")),
    ),
    "its frontend": Case(
        at("servicenetworking:FrontendsInterface"),
        "7.3",
        lambda: HOURS * D("0.01"),
    ),
    "its association": Case(
        at("servicenetworking:AssociationsInterface"),
        "87.6",
        lambda: HOURS * D("0.12"),
    ),
    "serverless queries": Case(
        at("synapse:Workspace"),
        "0.5",
        lambda: D("0.1") * price("azure-synapse-analytics", "Standard Data Processed"),
    ),
    "dedicated pool": Case(
        at("synapse:SqlPool", sku={"name": "DW100c"}),
        "878.3",
        lambda: HOURS * D("1.2") + D("0.1") * D(23),
    ),
    "Spark pool": Case(
        at("synapse:BigDataPool", nodeSize="Small", nodeSizeFamily="MemoryOptimized", nodeCount=3),
        "17.0568",
        lambda: 30 * 4 * D("0.14214"),
    ),
    "Spark pool of larger nodes": Case(
        at("synapse:BigDataPool", nodeSize="XLarge", nodeSizeFamily="MemoryOptimized", nodeCount=3),
        "136.4544",
        lambda: 30 * 32 * D("0.14214"),
    ),
    "Fabric F2": Case(
        at("fabric:FabricCapacity", sku={"name": "F2", "tier": "Fabric"}),
        "262.8",
        lambda: 2 * HOURS * price("microsoft-fabric", "Compute Pool Capacity Usage CU"),
    ),
    "backup of a small machine": Case(
        part(
            "recoveryservices:ProtectedItem",
            vaultName="v",
            properties={"protectedItemType": "Microsoft.Compute/virtualMachines"},
        ),
        "5",
        lambda: price("backup", "Azure VM Protected Instance") / 2,
        "{protected_gb: 40, stored_gb: 0}",
        (azure("recoveryservices:Vault", "v", vaultName="v", location="eastus2"),),
    ),
    "backup of a machine": Case(
        part(
            "recoveryservices:ProtectedItem",
            vaultName="v",
            properties={"protectedItemType": "Microsoft.Compute/virtualMachines"},
        ),
        "24.48",
        lambda: (
            2 * price("backup", "Azure VM Protected Instance")
            + 100 * price("backup", "Standard GRS Data Stored")
        ),
        "{protected_gb: 600, stored_gb: 100}",
        (azure("recoveryservices:Vault", "v", vaultName="v", location="eastus2"),),
    ),
}


def balancer(rules: int, **more: Any) -> Resource:
    listed = [{"name": f"rule{number}"} for number in range(rules)]
    return at("network:LoadBalancer", sku={"name": "Standard"}, loadBalancingRules=listed, **more)


# Published prices that the table has in its supplement; figures by hand.
PUBLISHED: dict[str, Case] = {
    "NAT gateway": Case(
        at("network:NatGateway", sku={"name": "Standard"}),
        "33.3",
        lambda: (HOURS + 10) * D("0.045"),
        "{processed_gb: 10}",
    ),
    "load balancer": Case(
        balancer(7),
        "33.35",
        lambda: HOURS * (D("0.025") + 2 * D("0.01")) + D("0.5"),
        "{processed_gb: 100}",
    ),
    "private endpoint": Case(
        at("network:PrivateEndpoint"),
        "7.6",
        lambda: (HOURS + 10 + 20) * D("0.01"),
        "{ingress_gb: 10, egress_gb: 20}",
    ),
    "peering in a region": Case(
        part(
            "network:VirtualNetworkPeering",
            virtualNetworkName="a",
            remoteVirtualNetwork={"id": "b"},
        ),
        "0.2",
        lambda: 20 * D("0.01"),
        "{ingress_gb: 10, egress_gb: 10}",
        (network("a"), network("b")),
    ),
    "public zone": Case(
        at("dns:Zone", location="global"), "0.9", lambda: D("0.5") + D("0.4"), "{queries: 1000000}"
    ),
    "private zone": Case(
        at("privatedns:PrivateZone", location="Global"),
        "0.54",
        lambda: D("0.5") + D("0.04"),
        "{queries: 100000}",
    ),
    "traffic manager": Case(
        at(
            "trafficmanager:Profile",
            location="global",
            monitorConfig={"intervalInSeconds": 10},
            endpoints=[
                {"type": "Microsoft.Network/trafficManagerProfiles/azureEndpoints"},
                {"type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints"},
            ],
        ),
        "4.44",
        lambda: D("0.54") + D("0.36") + D("1") + D("0.54") + D("2"),
        "{queries: 1000000}",
    ),
    "its endpoint": Case(
        part("trafficmanager:Endpoint", profileName="t", endpointType="AzureEndpoints"),
        "0.36",
        lambda: D("0.36"),
        others=(azure("trafficmanager:Profile", "t", profileName="t", location="global"),),
    ),
    "SQL of two vCores with its licence": Case(
        sql("GP_Gen5_2", maxSizeBytes=100 * GIB),
        "383.13718",
        lambda: 2 * HOURS * (D("0.152217") + D("0.099966")) + 130 * D("0.115"),
    ),
    "SQL of two terabytes": Case(
        sql("GP_Gen5_2", maxSizeBytes=2048 * GIB),
        "674.36318",
        lambda: 2 * HOURS * (D("0.152217") + D("0.099966")) + D("2662.4") * D("0.115"),
    ),
    "Business Critical": Case(
        sql("BC_Gen5_2"),
        "1002.3751",
        lambda: 2 * HOURS * (D("0.304435") + D("0.375")) + 32 * D("1.3") * D("0.25"),
    ),
}


@pytest.mark.parametrize("case", [*CASES.values(), *PUBLISHED.values()], ids=[*CASES, *PUBLISHED])
def test_a_figure_in_two_ways(case: Case) -> None:
    found = estimated(case)
    assert "it" not in [one.name for one in found.unpriced], found.unpriced
    _low, expected, _high = own(found)
    assert expected == D(case.monthly) == case.again() > 0


def unpriced(*resources: Resource) -> str:
    """Reason why the resource `it` has no price; empty if it has one."""
    found = bill(*resources, prices=table())
    return "".join(one.reason for one in found.unpriced if one.name == "it")


@pytest.mark.parametrize(
    ("month", "version", "monthly"),
    [
        ("2026-07", "13", "0"),
        ("2026-09", "13", "288.288"),
        ("2026-09", "14", "0"),
        ("2026-09", "16", "0"),
        ("2027-01", "14", "297.8976"),
    ],
)
def test_extended_support_begins_on_a_day(month: str, version: str, monthly: str) -> None:
    server = postgres("Standard_D4ds_v5", 128, location="westeurope", version=version)
    found = bill(server, prices=table(), month=calendar_month(month))
    fee = [line.monthly.expected for line in found.lines if "Extended" in line.meter]
    assert sum(fee) == D(monthly)


def test_extended_support_in_a_month_of_730_hours() -> None:
    server = postgres("Standard_D4ds_v5", 128, location="westeurope", version="13")
    assert bill(server, prices=table(), month=USUAL).monthly.expected == D("619.3352")


def test_mysql_8_is_in_standard_support_until_the_end_of_2026() -> None:
    server = mysql("Standard_B1ms")
    december, january = (
        bill(server, prices=table(), month=calendar_month(name)).monthly.expected
        for name in ("2026-12", "2027-01")
    )
    assert january - december == 744 * D("0.07")


def test_the_limits_of_what_scales() -> None:
    serverless = Case(sql("GP_S_Gen5_4", autoPauseDelay=-1), "0", lambda: D(0))
    low, _expected, high = own(estimated(serverless))
    hour = price(SQL, "vCore", product="SQL Database General Purpose - Serverless - Compute Gen5")
    storage = 32 * D("1.3") * D("0.115")
    assert (low, high) == (
        HOURS * D("0.5") * hour + storage,
        HOURS * 4 * hour + storage,
    )
    autoscale = CASES["Cosmos autoscale"]
    low, _expected, high = own(estimated(autoscale))
    assert (low, high) == (4 * HOURS * D("0.012"), 40 * HOURS * D("0.012") + D("0.25"))


def test_an_event_hub_that_inflates() -> None:
    hubs = at(
        "eventhub:Namespace",
        sku={"name": "Standard", "capacity": 2},
        isAutoInflateEnabled=True,
        maximumThroughputUnits=5,
    )
    unit, events = HOURS * price(HUBS, "Standard Throughput Unit"), D("0.028")
    assert own(bill(hubs, prices=table())) == [2 * unit, 2 * unit + events, 5 * unit + events]


def test_the_free_tier_of_cosmos_may_be_used_up() -> None:
    found = bill(container({"throughput": 1200}), cosmos(enableFreeTier=True), prices=table())
    low, _expected, high = own(found)
    assert (low, high) == (2 * HOURS * D("0.008"), 12 * HOURS * D("0.008") + D("0.25"))


def test_ten_connections_of_a_gateway_are_included() -> None:
    one = at("network:VirtualNetworkGatewayConnection", connectionType="IPsec")
    assert own(bill(one, prices=table())) == [0, 0, HOURS * price("vpn-gateway", "S2S Connection")]


def test_a_policy_of_a_classic_front_door_is_billed_by_itself() -> None:
    assert "classic" in unpriced(at("frontdoor:Policy"))
    policy = at("frontdoor:Policy", sku={"name": "Standard_AzureFrontDoor"})
    assert [one.name for one in bill(policy, prices=table()).free] == ["it"]


def test_a_zone_redundant_region_of_cosmos_costs_a_quarter_more() -> None:
    places = [{"locationName": "eastus2", "isZoneRedundant": True}]
    holder = azure("cosmosdb:DatabaseAccount", "cosmos", accountName="db", locations=places)
    found = bill(container({"throughput": 400}), holder, prices=table())
    assert found.monthly.low == D("23.36") * D("1.25")


@pytest.mark.parametrize(
    ("shared", "monthly"), [({"throughput": 400}, "0"), ({}, "23.36")], ids=["shared", "default"]
)
def test_a_container_without_throughput(shared: dict[str, int], monthly: str) -> None:
    holder = azure(
        "cosmosdb:SqlResourceSqlDatabase",
        "main",
        accountName="db",
        databaseName="main",
        location="eastus2",
        options=shared,
    )
    found = bill(container(), cosmos(), holder, prices=table())
    own_lines = [line.monthly.low for line in found.lines if line.name == "it"]
    assert sum(own_lines) == D(monthly)


def test_without_their_parent_in_the_plan() -> None:
    assert "storage account" in unpriced(part("storage:Queue", accountName="elsewhere"))
    assert "vault" in unpriced(part("keyvault:Key", vaultName="elsewhere", properties={}))
    # Another region would cost as much again.
    found = bill(container({"throughput": 400}), prices=table())
    assert found.monthly.low == D("23.36")
    assert any(line.grows for line in found.lines if line.meter == "100 RU/s")


@pytest.mark.parametrize(
    "resource",
    [
        sql("GP_Gen9_2"),
        at("redis:Redis", sku={"name": "Ultra", "family": "C", "capacity": 1}),
        mysql("Standard_Z2"),
        postgres("Standard_Z2"),
        at("servicebus:Namespace", sku={"name": "Premium"}, geoDataReplication={"locations": [1]}),
        at("network:ApplicationGateway", sku={"name": "Standard_Small", "capacity": 2}),
        at("network:PublicIPAddress", sku={"name": "StandardV2"}),
        blobs("Premium_LRS"),
        blobs("Standard_LRS", isSftpEnabled=True),
    ],
    ids=lambda one: one.type,
)
def test_no_price_is_guessed(resource: Resource) -> None:
    assert unpriced(resource)


@pytest.mark.parametrize(
    "resource",
    [
        sql("ElasticPool", elasticPoolId="/pool"),
        at("network:LoadBalancer", sku={"name": "Basic"}),
        at("network:PublicIPAddress", publicIPAddressVersion="IPv6"),
        part("eventhub:EventHub", namespaceName="hubs"),
        at("storage:StorageAccount", kind="FileStorage", sku={"name": "Premium_LRS"}),
    ],
    ids=lambda one: one.type,
)
def test_what_costs_nothing_says_why(resource: Resource) -> None:
    found = bill(resource, prices=table())
    assert [one.name for one in found.free] == ["it"]
