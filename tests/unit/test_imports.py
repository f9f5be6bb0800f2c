"""Direction of imports: the program above its parts, the commands above the rooms of the tool.

And their cost: no command or provider's process imports libraries that it does not use.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Importing package → packages that it must not import, not even inside a function.
FORBIDDEN = {
    "frugal.cost": ("infra", "frugal.local", "frugal.cloud", "frugal.commands", "frugal.cli"),
    "frugal.cloud": ("infra", "frugal.local", "frugal.cost", "frugal.commands", "frugal.cli"),
    "frugal.local": ("infra", "frugal.cost", "frugal.commands", "frugal.cli"),
    "frugal.commands": ("frugal.cli",),
    "infra": ("frugal.local", "frugal.cloud", "frugal.commands", "frugal.cli"),
    "infra.components": ("infra.stacks", "infra.settings"),
}
# Shared by all of the tool, so below each of its packages.
SHARED = (
    "frugal.atomic",
    "frugal.errors",
    "frugal.paths",
    "frugal.fingerprint",
    "frugal.peers",
    "frugal.sign_in",
    "frugal.stack_files",
)
# What other packages may import of the library that prices plans.
DOORS = ("frugal.cost.report", "frugal.cost.compare", "frugal.cost.prices")


def modules(root: Path) -> dict[str, Path]:
    """Every module of the program and the tool, by its dotted name."""
    return {
        ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file
        for package in ("infra", "frugal")
        for file in sorted((root / package).rglob("*.py"))
    }


def imported(source: str, names: Mapping[str, object]) -> Iterator[str]:
    """Modules that the source imports anywhere, for type checkers alone too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in names else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    files = modules(ROOT)
    return {
        name: {target for target in imported(file.read_text("utf-8"), files) if target in files}
        for name, file in files.items()
    }


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("package", FORBIDDEN)
def test_no_import_points_up(graph: dict[str, set[str]], package: str) -> None:
    assert any(within(module, package) for module in graph)
    wrong = [
        f"{module} imports {target}"
        for module, targets in graph.items()
        if within(module, package)
        for target in targets
        if any(within(target, other) for other in FORBIDDEN[package])
    ]
    assert wrong == []


def test_shared_modules_import_nothing_but_each_other(graph: dict[str, set[str]]) -> None:
    for module in SHARED:
        assert graph[module] <= set(SHARED), module


def test_other_packages_use_the_cost_library_by_its_doors(graph: dict[str, set[str]]) -> None:
    wrong = [
        f"{module} imports {target}"
        for module, targets in graph.items()
        if not within(module, "frugal.cost")
        for target in targets
        if within(target, "frugal.cost")
        if target != "frugal.cost" and not any(within(target, door) for door in DOORS)
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle(graph: dict[str, set[str]]) -> None:
    # Types and the cloud that they run in know each other.
    outside = {
        module: {target for target in targets if not within(target, "frugal.cloud")}
        for module, targets in graph.items()
        if not within(module, "frugal.cloud")
    }
    try:
        tuple(TopologicalSorter(outside).static_order())
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_an_import_inside_a_function_counts() -> None:
    names = {"infra.settings", "frugal.cost"}
    source = "def load():\n    from infra import settings\n    import frugal.cost\n"
    assert list(imported(source, names)) == ["infra.settings", "frugal.cost"]


# Libraries that take long to import, and what a command imports of them before it does anything.
HEAVY = (
    "azure", "cryptography", "grpc", "httpx", "jinja2", "opentelemetry", "psycopg", "pulumi",
    "pulumi_azure_native", "pydantic", "rich", "starlette", "yaml",
)  # fmt: skip
ENVIRONMENT = "cryptography rich yaml"
PRICING = "pydantic rich yaml"
USED = {
    "frugal.cli": "",
    "frugal.commands.up": ENVIRONMENT,
    "frugal.commands.down": ENVIRONMENT,
    "frugal.commands.env": ENVIRONMENT,
    "frugal.commands.export": ENVIRONMENT,
    "frugal.commands.status": "rich",
    "frugal.commands.logs": "",
    "frugal.commands.new": "rich",
    "frugal.commands.doctor frugal.commands.doctor.machine": "rich",
    "frugal.commands.cost": PRICING,
    "frugal.commands.compare": PRICING,
    "frugal.commands.preview": PRICING,
    "frugal.commands.prices": PRICING,
    "frugal.local.hosts.language": "grpc",
    # In the process of the dynamic providers, which every preview starts.
    "infra.components.image infra.components.job_run infra.components.wait "
    "infra.components.edge_purge infra.components.account_purge": "grpc opentelemetry pulumi yaml",
}


@pytest.mark.parametrize(("names", "used"), USED.items(), ids=USED)
def test_only_libraries_that_are_used_are_imported(names: str, used: str) -> None:
    code = f"import sys, {names.replace(' ', ', ')}; print(*set({HEAVY}) & sys.modules.keys())"
    assert set(run_python(code).split()) == set(used.split())


def test_a_report_in_the_terminal_looks_for_no_emoji() -> None:
    code = (
        "import sys\nfrom frugal import cli\n"
        "sys.argv = ['frugal', 'cost', '--preview', 'tests/cost/recorded/update.json']\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    print('rich._emoji_codes' in sys.modules)"
    )
    assert run_python(code).splitlines()[-1] == "False"


def test_the_program_loads_a_module_of_azure_native_when_it_is_used() -> None:
    code = (
        "import sys, infra.stacks\n"
        "print([name for name in sys.modules if name.endswith('._inputs')])\n"
        "from pulumi_azure_native import app\n"
        "app.ContainerApp; print([name for name in sys.modules if name.endswith('._inputs')])"
    )
    assert run_python(code).splitlines() == ["[]", "['pulumi_azure_native.app._inputs']"]


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout
