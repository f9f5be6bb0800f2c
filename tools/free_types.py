"""Rules for resource types that cost nothing by themselves, over the types of the installed SDK.

`python -m tools.free_types` writes `frugal/cost/free.txt`. A rule names what is a setting or a part
of something that is billed, or what Azure's pricing pages list at no charge (read November 2026).
A type that a rule covers and that has a price of its own is in `BILLED`.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from frugal.cost.meters import METERS
from frugal.cost.meters.free import FILE
from tools.sdk_inputs import types

RULES: Final[Mapping[str, str]] = {
    "identities and their roles cost nothing": "managedidentity:*"
    " authorization:Role* authorization:DenyAssignment authorization:PimRole*"
    " *:*RoleAssignment *:*RoleDefinition",
    "policies, locks and tags cost nothing": "authorization:ManagementLock* authorization:Policy*"
    " authorization:Variable* policyinsights:* resources:TagAtScope",
    "a group or a template is a name for what is in it": "resources:ResourceGroup"
    " resources:TemplateSpec* management:* blueprint:* compute:AvailabilitySet"
    " compute:ProximityPlacementGroup compute:*Group compute:RestorePointCollection",
    "what is set up once for a subscription costs nothing": "features:* subscription:* billing:*"
    " managedservices:* maintenance:* advisor:* servicelinker:*",
    "budgets, reports and their alerts cost nothing": "consumption:* costmanagement:*",
    "dashboards and saved queries cost nothing": "portal:* dashboard:Dashboard*"
    " applicationinsights:*Workbook* applicationinsights:AnalyticsItem"
    " applicationinsights:Favorite operationalinsights:Query* operationalinsights:SavedSearch",
    "approves a private endpoint, which is billed": "*:*PrivateEndpointConnection*",
    "a network itself costs nothing, only what runs or passes in it": "network:Subnet"
    " network:NetworkSecurityGroup network:SecurityRule network:RouteTable"
    " network:Route network:RouteFilter* network:NetworkInterface network:NetworkProfile"
    " network:ApplicationSecurityGroup network:ServiceEndpointPolicy* network:IpGroup"
    " network:NetworkWatcher network:PrivateDnsZoneGroup network:PrivateLinkService"
    " network:CustomIPPrefix network:LocalNetworkGateway network:VpnSite network:VirtualWan"
    " network:VpnServerConfiguration",
    "a setting of its gateway, hub or balancer, which is billed": "network:InboundNatRule"
    " network:LoadBalancerBackendAddressPool network:NatRule"
    " network:VirtualNetworkGatewayNatRule network:HubRouteTable network:RouteMap"
    " network:RoutingIntent network:VirtualHubRouteTableV2 network:VirtualHubIpConfiguration"
    " network:VirtualHubBgpConnection network:ExpressRoute*Authorization"
    " network:ExpressRouteCircuitPeering network:WebApplicationFirewallPolicy"
    " network:FirewallPolicy?* network:ConfigurationPolicyGroup",
    "a setting of its network manager, which is billed": "network:*AdminRule*"
    " network:*UserRule* network:Security*Configuration network:RoutingRule*"
    " network:*RoutingConfiguration network:ConnectivityConfiguration network:NetworkGroup"
    " network:StaticMember network:ScopeConnection network:*NetworkManagerConnection",
    "its zone is billed, and the queries to it": "dns:RecordSet dns:DnssecConfig"
    " privatedns:PrivateRecordSet privatedns:VirtualNetworkLink",
    "the endpoints of a resolver are billed": "dnsresolver:DnsResolver dnsresolver:ForwardingRule"
    " dnsresolver:*VirtualNetworkLink",
    "a setting of the machines and disks, which are billed": "compute:*Extension"
    " compute:*RunCommand* compute:SshPublicKey compute:DiskEncryptionSet compute:DiskAccess"
    " compute:Gallery compute:GalleryImage compute:GalleryApplication compute:GalleryScript"
    " compute:GalleryInVM*",
    "a setting of Front Door or CDN, whose profile is billed": "cdn:AFD* cdn:Route cdn:Rule*"
    " cdn:Secret cdn:SecurityPolicy cdn:KeyGroup cdn:CustomDomain cdn:Endpoint cdn:Origin*",
    "part of its server, which is billed": "sql:*FirewallRule sql:VirtualNetworkRule"
    " sql:*Administrator sql:*OnlyAuthentication sql:*Key sql:EncryptionProtector sql:*DnsAlias"
    " sql:ServerTrust* sql:*Advisor sql:TransparentDataEncryption sql:DataMaskingPolicy"
    " sql:*SensitivityLabel sql:*BlobAuditingPolicy sql:ManagedDatabase sql:VirtualCluster"
    " sql:Workload* sql:ServerCommunicationLink"
    " dbfor*:*Administrator* dbfor*:*Configuration dbfor*:*Database dbfor*:*FirewallRule"
    " dbfor*:*VirtualNetworkRule dbforpostgresql:VirtualEndpoint dbforpostgresql:Migration"
    " dbforpostgresql:ServerGroupRole mongocluster:FirewallRule mongocluster:User",
    "its backups are a figure of use of the database": "sql:BackupShortTermRetentionPolicy",
    "part of its job agent, which is billed": "sql:Job sql:JobCredential sql:JobStep"
    " sql:JobTargetGroup",
    "its databases are what is billed": "sql:Server",
    "part of its account, which is billed": "storage:Blob storage:BlobContainer*"
    " storage:*ServiceProperties storage:Queue storage:Table storage:ManagementPolicy"
    " storage:StorageAccountStaticWebsite storage:LocalUser cosmosdb:*StoredProcedure"
    " cosmosdb:*Trigger cosmosdb:*UserDefinedFunction cosmosdb:*UserDefinition"
    " cosmosdb:*FirewallRule cognitiveservices:*Connection cognitiveservices:*CapabilityHost"
    " cognitiveservices:Project cognitiveservices:*Rai* cognitiveservices:EncryptionScope"
    " automation:*",
    "part of its cache, which is billed": "redis:AccessPolicy* redis:*FirewallRule"
    " redis:PatchSchedule redis:*LinkedServer redisenterprise:AccessPolicyAssignment"
    " redisenterprise:Database",
    "part of its namespace, which is billed": "servicebus:* eventhub:* notificationhubs:*"
    " relay:*AuthorizationRule",
    "its topic or namespace is billed for the operations": "eventgrid:*Topic*Subscription"
    " eventgrid:DomainEventSubscription eventgrid:DomainTopic eventgrid:NamespaceTopic"
    " eventgrid:CaCertificate eventgrid:Client* eventgrid:PermissionBinding eventgrid:TopicSpace",
    "part of its service, which is billed": "apimanagement:* signalrservice:SignalR*"
    " webpubsub:WebPubSub* appconfiguration:KeyValue iothub:* deviceprovisioningservices:*"
    " communication:Domain communication:S* botservice:BotConnection",
    "a setting of its site or plan, which is billed": "web:WebApp* web:SiteCertificate*"
    " web:Certificate web:AppServicePlanRouteForVnet web:AppServiceEnvironmentAse*",
    "a setting of the static site": "web:StaticSite*",
    "its calls are billed by the workflow": "web:Connection web:ConnectionGateway web:CustomApi",
    "a setting of its environment": "app:AppResiliency app:Certificate app:ContainerAppsAuthConfig"
    " app:ContainerAppsSourceControl app:Dapr* app:HttpRouteConfig app:ManagedCertificate"
    " app:ManagedEnvironmentsStorage app:ConnectedEnvironments*",
    "part of its registry, which is billed": "containerregistry:CacheRule"
    " containerregistry:CredentialSet containerregistry:ScopeMap containerregistry:T*"
    " containerregistry:Webhook",
    "a setting of its cluster, which is billed": "containerservice:*Profile"
    " containerservice:FleetMember containerservice:FleetUpdateStrategy"
    " containerservice:MaintenanceConfiguration containerservice:*Snapshot"
    " containerservice:TrustedAccessRoleBinding containerservice:*Namespace"
    " containerservice:IdentityBinding containerservice:JWTAuthenticator"
    " containerservice:UpdateRun servicefabric:ManagedCluster?* kusto:*",
    "what is read from it is billed by the vault": "keyvault:Secret keyvault:AccessPolicy",
    "what it collects is billed by the workspace": "monitor:DataCollection* monitor:PrivateLink*"
    " operationalinsights:DataSource operationalinsights:Linked*"
    " operationalinsights:StorageInsightConfig applicationinsights:ComponentLinkedStorageAccount",
    "alerts on the activity log and autoscale cost nothing": "monitor:ActivityLogAlert"
    " monitor:AutoscaleSetting alertsmanagement:*RuleByName"
    " alertsmanagement:SmartDetectorAlertRule applicationinsights:ProactiveDetectionConfiguration"
    " security:SecurityContact security:AlertsSuppressionRule security:Assess*",
    "part of its vault, whose protected items are billed": "recoveryservices:Vault"
    " recoveryservices:ProtectionPolicy"
    " recoveryservices:ProtectionContainer recoveryservices:*GuardProxy"
    " dataprotection:BackupPolicy dataprotection:*Guard*",
    "part of its integration account, which is billed": "logic:IntegrationAccount?*"
    " logic:RosettaNet* logic:WorkflowAccessKey",
    "part of its factory, job or pool, which is billed": "datafactory:Dataset"
    " datafactory:LinkedService datafactory:DataFlow datafactory:Trigger"
    " datafactory:GlobalParameter datafactory:CredentialOperation streamanalytics:Function"
    " streamanalytics:Input streamanalytics:Output synapse:IpFirewallRule synapse:Key"
    " synapse:PrivateLinkHub synapse:*AadAdmin synapse:SqlPoolSensitivityLabel"
    " synapse:SqlPoolTransparentDataEncryption synapse:SqlPoolWorkload* batch:Application*",
    "a registration; what it runs and stores is billed": "machinelearningservices:*Container"
    " machinelearningservices:*Version"
    " machinelearningservices:*Datastore machinelearningservices:*Endpoint"
    " machinelearningservices:WorkspaceConnection batch:BatchAccount"
    " databricks:AccessConnector attestation:AttestationProvider",
    "its machines are billed, and its users' licences": "desktopvirtualization:*",
}
"""Patterns of types by reason; an earlier rule wins."""

BILLED: Final = """
apimanagement:ApiGateway apimanagement:ApiGatewayConfigConnection
apimanagement:ApiGatewayHostnameBinding apimanagement:ApiManagementService apimanagement:Gateway
apimanagement:Workspace automation:AutomationAccount automation:DscConfiguration
automation:DscNodeConfiguration automation:SoftwareUpdateConfigurationByName automation:Watcher
blueprint:Assignment costmanagement:CloudConnector costmanagement:Connector
compute:DedicatedHost compute:CapacityReservation
deviceprovisioningservices:IotDpsResource eventhub:Cluster eventhub:EventHub eventhub:Namespace
iothub:IotHubResource kusto:Cluster kusto:ManagedPrivateEndpoint kusto:SandboxCustomImage
logic:IntegrationAccount machinelearningservices:FeaturesetVersion
machinelearningservices:ServerlessEndpoint machinelearningservices:InferenceEndpoint
notificationhubs:Namespace servicebus:Namespace
signalrservice:SignalR signalrservice:SignalRReplica signalrservice:SignalRSharedPrivateLinkResource
web:StaticSite web:WebApp web:WebAppHostNameBinding web:WebAppHostNameBindingSlot
web:WebAppHybridConnection web:WebAppHybridConnectionSlot web:WebAppPremierAddOn
web:WebAppPremierAddOnSlot web:WebAppRelayServiceConnection web:WebAppRelayServiceConnectionSlot
webpubsub:WebPubSub webpubsub:WebPubSubReplica webpubsub:WebPubSubSharedPrivateLinkResource
"""
"""Types that a rule covers by their name and that are billed, or bring something that is."""


def free() -> dict[str, list[str]]:
    """The free types by reason: what a rule covers, and neither a meter nor `BILLED` has."""
    left = [kind for kind in types() if kind not in BILLED.split() and kind not in METERS]
    found: dict[str, list[str]] = {}
    for reason, patterns in RULES.items():
        found[reason] = [kind for kind in left if _matches(kind, patterns.split())]
        left = [kind for kind in left if kind not in found[reason]]
    return found


def _matches(kind: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(kind, pattern) for pattern in patterns)


def text() -> str:
    """The content of `free.txt`: a section a reason, a line a module."""
    sections: list[str] = []
    for reason, kinds in free().items():
        names: dict[str, list[str]] = {}
        for kind in kinds:
            module, _, name = kind.partition(":")
            names.setdefault(module, []).append(name)
        lines = [f"{module}: {' '.join(listed)}" for module, listed in names.items()]
        sections.append("\n".join([reason, *lines]))
    return "\n\n".join(sections) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
