"""Types that cost nothing, unless one property of theirs says otherwise."""

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Free, Use, meter
from frugal.cost.month import Month
from frugal.cost.properties import Properties


@meter(
    "monitor:DiagnosticSetting",
    "monitor:ManagementGroupDiagnosticSetting",
    "monitor:SubscriptionDiagnosticSetting",
)
def diagnostic_setting(_properties: Properties, _use: Use, _month: Month) -> Free:
    """Free to a workspace; to other targets Azure bills each GB (meter Platform Logs)."""
    return Free("what it sends is billed by the workspace")


classify(
    "monitor:DiagnosticSetting",
    "monitor:ManagementGroupDiagnosticSetting",
    "monitor:SubscriptionDiagnosticSetting",
    unpriced_when=dict.fromkeys(
        (
            "eventHubAuthorizationRuleId",
            "eventHubName",
            "marketplacePartnerId",
            "serviceBusRuleId",
            "storageAccountId",
        ),
        (),
    ),
    no_influence={
        NAMES: "name managementGroupId resourceUri workspaceId",
        BEHAVIOUR: "logAnalyticsDestinationType logs metrics",
    },
)


@meter("web:WebAppHostNameBinding", "web:WebAppHostNameBindingSlot")
def host_name(_properties: Properties, _use: Use, _month: Month) -> Free:
    """Free with SNI; Azure bills a binding to an address of its own (meter IP SSL Connection)."""
    return Free("a host name, and its certificate by SNI, cost nothing")


classify(
    "web:WebAppHostNameBinding",
    "web:WebAppHostNameBindingSlot",
    unpriced_when={"sslState": ("Disabled", "SniEnabled")},
    no_influence={
        NAMES: "azureResourceName azureResourceType customHostNameDnsRecordType domainId hostName"
        " hostNameType kind name siteName slot",
        ACCESS: "thumbprint",
    },
)
