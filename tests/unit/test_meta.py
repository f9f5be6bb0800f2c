"""An undecorated test of Pulumi resources passes silently, so none may be undecorated."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_components import COMPONENTS

HERE = Path(__file__).parent
DECLARING = {component.__name__ for component in COMPONENTS} | {"run_path", "deploy"}
# Builders that are handed to a decorated function, never called by a test.
BUILDERS = {
    "app_service",
    "container_app",
    "site_route",
    "postgres",
    "job",
    "translation",
    "static_site",
    "dns_records",
}


def undecorated(tree: ast.AST) -> Iterator[str]:
    """Calls that declare resources outside any function decorated with @pulumi.runtime.test."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if _decorated(node) or node.name in BUILDERS:
                continue
        elif isinstance(node, ast.Lambda):
            continue  # it runs where it is called
        elif isinstance(node, ast.Call) and _called(node) in DECLARING:
            yield f"line {node.lineno}: {_called(node)}"
        yield from undecorated(node)


def _decorated(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(ast.unparse(one) == "pulumi.runtime.test" for one in function.decorator_list)


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).rsplit(".", 1)[-1]


@pytest.mark.parametrize("file", sorted(HERE.glob("*.py")), ids=lambda file: file.name)
def test_resources_are_declared_in_decorated_functions_alone(file: Path) -> None:
    assert list(undecorated(ast.parse(file.read_text(encoding="utf-8")))) == []


def test_an_undecorated_one_is_found() -> None:
    source = "def test_x():\n    Registry('r', args)\n"
    assert list(undecorated(ast.parse(source))) == ["line 2: Registry"]
    assert list(undecorated(ast.parse(f"@pulumi.runtime.test\n{source}"))) == []
