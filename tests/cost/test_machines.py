"""Virtual machines, scale sets, Kubernetes clusters: figures again from rows of the table."""

from decimal import Decimal
from typing import Any

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.money import Range
from frugal.cost.plan import Resource
from tests.cost.made import azure, bill, used
from tests.cost.price_rows import price, table

D = Decimal
HOURS = 730
PLACE = "westeurope"
MACHINES, STORAGE = "virtual-machines", "storage"
LINUX = {"linuxConfiguration": {"disablePasswordAuthentication": True}}


def at(kind: str, /, place: str = PLACE, **inputs: Any) -> Resource:
    return azure(kind, "it", location=place, **inputs)


def system(kind: str | None = "Premium_LRS", size: int | None = 64, **more: Any) -> dict[str, Any]:
    disk: dict[str, Any] = {"createOption": "FromImage", **more}
    if kind:
        disk["managedDisk"] = {"storageAccountType": kind}
    if size:
        disk["diskSizeGB"] = size
    return disk


def machine(size: str = "Standard_B2s", **more: Any) -> Resource:
    disks = more.pop("storage", {"osDisk": system(), "imageReference": {"publisher": "Canonical"}})
    inputs = {"hardwareProfile": {"vmSize": size}, "storageProfile": disks, **more}
    return at("compute:VirtualMachine", **inputs)


def cluster(*pools: dict[str, Any], tier: str = "Free", **more: Any) -> Resource:
    inputs = {"sku": {"name": "Base", "tier": tier}, "agentPoolProfiles": list(pools), **more}
    return at("containerservice:ManagedCluster", **inputs)


def pool(size: str = "Standard_D2s_v5", **more: Any) -> dict[str, Any]:
    return {"name": "a", "mode": "System", "vmSize": size, "osDiskType": "Ephemeral", **more}


def priced(*resources: Resource, use: str = "") -> Estimate:
    usage = used(f"resources: {{it: {{operations: 0, {use}}}}}")
    found = bill(*resources, prices=table(), usage=usage)
    assert [(one.name, one.reason) for one in found.unpriced] == []
    return found


def reason(one: Resource) -> str:
    (gap,) = bill(one, prices=table()).unpriced
    return gap.reason


def hour(name: str, series: str) -> Decimal:
    return price(MACHINES, name, PLACE, f"Virtual Machines {series} Series")


def disk(name: str) -> Decimal:
    return price(STORAGE, f"{name} LRS Disk", PLACE)


@pytest.mark.parametrize(
    ("size", "name", "series"),
    [
        ("Standard_B2s", "B2s", "BS"),
        ("standard_b2als_v2", "B2als v2", "Basv2"),
        ("Standard_A2_v2", "A2 v2", "Av2"),
        ("Standard_D2_v2", "D2 v2/DS2 v2", "Dv2"),
        ("Standard_DS2_v2", "DS2 v2", "DSv2"),
        ("Standard_D2s_v3", "D2s v3", "DSv3"),
        ("Standard_E4ds_v5", "E4ds v5", "Edsv5"),
        ("Standard_E4s_v5", "E4s v5", "Esv5"),
        ("Standard_D2ls_v5", "D2ls v5", "Dlsv5"),
        ("Standard_E2bs_v5", "E2bs v5", "Ebsv5"),
        ("Standard_D2ads_v6", "D2ads v6", "Dadsv6"),
        ("Standard_F4s_v2", "F4s v2", "FSv2"),
    ],
)
def test_a_machine_of_each_series(size: str, name: str, series: str) -> None:
    amount = HOURS * hour(name, series) + disk("P6")
    assert priced(machine(size)).monthly.low == amount > 0


def test_windows_brings_its_licence_unless_there_is_one() -> None:
    storage = {"osDisk": system(), "imageReference": {"publisher": "MicrosoftWindowsServer"}}
    windows = priced(machine("Standard_D2s_v5", storage=storage)).monthly.low
    own = priced(machine("Standard_D2s_v5", storage=storage, licenseType="Windows_Server"))
    assert windows == HOURS * D("0.207") + disk("P6")
    assert own.monthly.low == HOURS * D("0.115") + disk("P6")


def test_the_disks_of_a_machine() -> None:
    listed = [
        {"lun": 0, "createOption": "Empty", "diskSizeGB": 200},
        {"lun": 1, "createOption": "Attach", "managedDisk": {"id": "/disks/d"}},
    ]
    bare = HOURS * hour("B2s", "BS")
    found = priced(machine(storage={"osDisk": system(), "dataDisks": listed}, osProfile=LINUX))
    assert found.monthly.low == bare + disk("P6") + disk("S15")
    assert found.monthly.high == bare + disk("P6") + disk("P15")
    local = system(None, None, diffDiskSettings={"option": "Local"})
    assert priced(machine(storage={"osDisk": local}, osProfile=LINUX)).monthly.low == bare
    unstated = priced(machine(storage={"osDisk": system(None, None)}, osProfile=LINUX))
    assert (unstated.monthly.low, unstated.monthly.high) == (bare + disk("S4"), bare + disk("P4"))
    assert any("kind of a disk" in note for note in unstated.notes)


def test_the_system_of_a_machine_whose_profile_is_secret() -> None:
    storage = {"osDisk": {**system(), "osType": "Linux"}}
    assert priced(machine(storage=storage, osProfile="[secret]")).monthly == (
        priced(machine()).monthly
    )


def test_a_machine_that_runs_for_some_hours() -> None:
    found = priced(machine(), use="hours: 100").monthly
    each = hour("B2s", "BS")
    assert found.expected == 100 * each + disk("P6")
    assert found.high == HOURS * each + disk("P6")


def test_a_scale_set_and_its_autoscale_setting() -> None:
    profile = {"storageProfile": {"osDisk": system()}, "osProfile": LINUX}
    one = at(
        "compute:VirtualMachineScaleSet",
        sku={"name": "Standard_DS1_v2", "capacity": 2},
        virtualMachineProfile=profile,
    )
    each = HOURS * hour("DS1 v2", "DSv2") + disk("P6")
    assert priced(one).monthly == Range(2 * each, 2 * each, 2 * each)
    limits = {"capacity": {"minimum": "3", "maximum": "5", "default": "3"}}
    setting = azure("monitor:AutoscaleSetting", "scale", profiles=[limits])
    assert priced(one, setting).monthly == Range(3 * each, 3 * each, 5 * each)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (machine("Standard_NC6"), "'Standard_NC6' has no price"),
        (machine(priority="Spot"), "priority 'Spot'"),
        (machine(plan={"name": "a", "publisher": "b"}), "plan has no price"),
        (
            machine(storage={"osDisk": system(), "imageReference": {"publisher": "RedHat"}}),
            "RedHat",
        ),
        (machine(storage={"osDisk": system()}), "osDisk.osType is missing"),
        (machine(storage={"osDisk": system("UltraSSD_LRS")}, osProfile=LINUX), "UltraSSD_LRS"),
        (cluster(pool(scaleSetPriority="Spot")), "scaleSetPriority 'Spot'"),
        (cluster(pool(), nodeProvisioningProfile={"mode": "Auto"}), "nodeProvisioningProfile"),
        (cluster(pool(), sku={"name": "Automatic", "tier": "Standard"}), "'Automatic'"),
        (
            cluster(pool(), addonProfiles={"ingressApplicationGateway": {"enabled": True}}),
            "makes a gateway",
        ),
        (
            azure("containerservice:AgentPool", "it", resourceName="elsewhere", vmSize="B2s"),
            "its cluster",
        ),
        (machine("Standard_B2s", place="eastus"), "known in eastus"),
    ],
)
def test_what_has_another_price_is_named(one: Resource, said: str) -> None:
    assert said in reason(one)


OUT = HOURS * (D("0.025") + D("0.005"))


def test_a_cluster_is_its_control_plane_its_nodes_and_their_way_out() -> None:
    node = HOURS * hour("D2s v5", "Dsv5")
    assert priced(cluster(pool(count=2))).monthly.low == 2 * node + OUT
    assert priced(cluster(pool(), tier="Standard")).monthly.low == node + OUT + HOURS * D("0.1")
    assert priced(cluster(pool(), tier="Premium")).monthly.low == node + OUT + HOURS * D("0.6")
    routed = priced(cluster(pool(), networkProfile={"outboundType": "userDefinedRouting"}))
    assert routed.monthly.low == node
    nat = priced(cluster(pool(), networkProfile={"outboundType": "managedNATGateway"}))
    assert nat.monthly.low == node + HOURS * (D("0.045") + D("0.005"))


def test_nodes_that_scale_and_their_disks() -> None:
    node = HOURS * hour("D2s v5", "Dsv5")
    scaled = pool(count=1, enableAutoScaling=True, minCount=2, maxCount=4, osDiskType="Managed")
    found = priced(cluster(scaled)).monthly
    each = node + disk("P10")
    assert found == Range(2 * each + OUT, 2 * each + OUT, 4 * each + OUT)
    # Without a stated kind the disk may be the machine's own.
    found = priced(cluster(pool(osDiskType=None))).monthly
    assert found == Range(node + OUT, each + OUT, each + OUT)


def test_a_pool_of_its_own_is_in_its_clusters_region() -> None:
    holder = azure("containerservice:ManagedCluster", "k", resourceName="k", location=PLACE, sku={})
    one = azure(
        "containerservice:AgentPool",
        "it",
        resourceName="k",
        vmSize="Standard_B2s",
        osDiskType="Ephemeral",
        count=3,
    )
    found = priced(holder, one)
    own = sum(line.monthly.low for line in found.lines if line.name == "it")
    assert own == 3 * HOURS * hour("B2s", "BS")
