"""The house's rules that no linter knows."""

import ast
import re
import statistics
from pathlib import Path

import pytest

from ignis import errors

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "services" / "ignis"
MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if "v1" not in path.relative_to(PACKAGE).parts
)
TREES = {path: ast.parse(path.read_text()) for path in MODULES}
MOST_LINES = 400
MEDIAN_LINES = 100
MOST_FUNCTION_LINES = 40  # nine of ten functions
MAIN_LINES = 40
ROOMS = ("auth", "job", "executor", "webhook")
ROOM_FILES = ("__init__", "__main__", "settings", "models", "service", "servicer", "consumer")
# auth consumes no events, and has Check in the place of a consumer.
MISSING = {("auth", "consumer")}
DRIVERS = {
    "asyncpg": r"^(storage/.*|.*/store\.py)$",
    "nats": r"^events/.*$",
    "redis": r"^storage/redis\.py$|^auth/limiter.*$",
    "docker": r"^executor/sandbox/docker/.*$",
}


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_no_module_is_long() -> None:
    """A module fits on a few screens."""
    assert [(_name(path), _lines(path)) for path in MODULES if _lines(path) > MOST_LINES] == []


def test_the_median_module_is_short() -> None:
    """Half of the modules fit on two screens."""
    assert statistics.median(_lines(path) for path in MODULES) <= MEDIAN_LINES


def test_functions_are_short() -> None:
    """Nine functions of ten fit on a screen."""
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[len(lengths) * 9 // 10] <= MOST_FUNCTION_LINES


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_the_same_files_as_the_others(room: str) -> None:
    """Someone who knows one room knows all."""
    wanted = {name for name in ROOM_FILES if (room, name) not in MISSING}
    found = {path.stem for path in (PACKAGE / room).glob("*.py")}
    assert wanted - found == set()


@pytest.mark.parametrize("room", [*ROOMS, "local"])
def test_main_only_wires(room: str) -> None:
    """A room's entry point is read at a glance."""
    assert _lines(PACKAGE / room / "__main__.py") <= MAIN_LINES


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_stays_in_its_home(driver: str) -> None:
    """PostgreSQL, NATS, Redis and Docker are each known in one place."""
    importing = {
        _name(path)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if driver in {module.partition(".")[0] for module in _imported(node)}
    }
    assert [name for name in importing if not re.match(DRIVERS[driver], name)] == []


def test_the_environment_is_read_in_settings_alone() -> None:
    """A setting is documented, typed and read once."""
    reading = {
        _name(path)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }
    assert reading <= {"server/settings.py", "local/settings.py"}


def test_only_one_place_aborts_an_rpc() -> None:
    """Errors become statuses in the interceptor, and nowhere else."""
    aborting = {_name(path) for path in MODULES if "context.abort" in path.read_text()}
    assert aborting == {"server/interceptors.py"}


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module]
    return []


def test_every_reason_is_documented() -> None:
    """A program that tests for a reason finds it in the API's reference."""
    documented = set(re.findall(r"`([A-Z][A-Z_]+)`", (ROOT / "docs" / "api.md").read_text()))
    raised = {reason for tree in TREES.values() for reason in _reasons(tree)}
    assert raised - documented == set()


def _reasons(tree: ast.AST) -> set[str]:
    """The first arguments of the domain errors that a module makes."""
    names = {name for name, value in vars(errors).items() if isinstance(value, type)}
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in names
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and re.fullmatch(r"[A-Z][A-Z_]+", node.args[0].value)
    }
