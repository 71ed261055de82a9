"""Which parts of the package may import which: six floors, and imports only go down."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sk_jae

ROOT = Path(sk_jae.__file__).parent

# A folder imports from lower floors, and from itself. Two modules are free to all.
FREE = {"exceptions", "_doc_link", "_sklearn_types"}
FLOORS = [
    {*FREE, "architecture", "tasks", "datasets"},
    {"nn", "metrics", "model_selection", "preprocessing", "inspection"},
    {"training", "persistence"},
    {"callbacks", "estimators"},
    {"paper"},
]


def module_name(path):
    parts = ["sk_jae", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path):
    """Full names of all that a file imports, wherever in the file it does."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package.pop()
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            # What is imported from a package may be one of its modules.
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


FILES = {module_name(path): path for path in ROOT.rglob("*.py")}
IMPORTS = {name: imports_of(path) for name, path in FILES.items()}
MODULES = sorted(set(IMPORTS) - {"sk_jae"})


def folder(module):
    return module.split(".")[1]


def floor(name):
    return next(k for k, folders in enumerate(FLOORS) if name in folders)


def imported_modules(module):
    """The modules of the package that a module imports."""
    return {name for name in IMPORTS[module] if name in FILES and name != "sk_jae"}


def reached_from(folder_name):
    """All that the modules of a folder import, themselves or through others."""
    start = f"sk_jae.{folder_name}"
    waiting = [n for n in MODULES if n == start or n.startswith(f"{start}.")]
    reached = set(waiting)
    while waiting:
        for name in IMPORTS[waiting.pop()] - reached:
            reached.add(name)
            # The package itself imports everything, whoever asks for a part of it.
            if name in IMPORTS and name != "sk_jae":
                waiting.append(name)
    return reached


def top_level(names):
    return {name.partition(".")[0] for name in names}


def test_imports_are_found():
    assert {"sk_jae.training.net", "torch", "skorch"} <= reached_from("estimators")
    assert "sk_jae.architecture.layers" in reached_from("nn")
    assert "sk_jae.datasets._digits" in reached_from("datasets")


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_go_down(module):
    own = folder(module)
    others = {folder(name) for name in imported_modules(module)} - {own, *FREE}
    assert all(floor(other) < floor(own) for other in others)


def test_there_is_no_circle():
    before = {
        module: {n for n in imported_modules(module) if n != module}
        for module in MODULES
    }
    # A package's __init__ gathers its modules, which import each other directly.
    left = {m for m in MODULES if FILES[m].name != "__init__.py"}
    while free := {m for m in left if not before[m] & left}:
        left -= free
    assert not left


@pytest.mark.parametrize("module", MODULES)
def test_a_folder_is_imported_by_its_front_door(module):
    """What another folder offers stands in its `__init__`."""
    inside = {
        name
        for name in imported_modules(module)
        if folder(name) != folder(module) and name.count(".") > 1
    }
    assert not inside


@pytest.mark.parametrize("name", ["architecture", "tasks"])
def test_what_users_pass_is_read_without_torch(name):
    assert not {"torch", "torchvision", "skorch"} & top_level(reached_from(name))


@pytest.mark.parametrize(
    "name", ["inspection", "metrics", "model_selection", "preprocessing"]
)
def test_the_tools_beside_the_estimators_need_no_torch(name):
    assert not {"torch", "torchvision", "skorch"} & top_level(reached_from(name))


def test_architectures_need_only_the_standard_library():
    outside = top_level(reached_from("architecture")) - {"sk_jae"}
    assert not {"numpy", "torch", "sklearn"} & outside


def test_nn_works_on_its_own():
    reached = reached_from("nn")
    assert not {"sklearn", "skorch"} & top_level(reached)
    assert {folder(n) for n in reached if n in MODULES} == {"nn", "architecture"}


@pytest.mark.parametrize("module", MODULES)
def test_only_training_and_callbacks_import_skorch(module):
    if folder(module) not in ("training", "callbacks"):
        assert "skorch" not in top_level(IMPORTS[module])


def test_the_estimators_never_import_each_other():
    estimators = {"sk_jae.estimators._autoencoder", "sk_jae.estimators._classifier"}
    for module in estimators:
        assert not IMPORTS[module] & (estimators - {module})


@pytest.mark.parametrize("module", MODULES)
def test_nothing_inside_imports_the_package_itself(module):
    # Parts are imported from where they are, so that no import goes in a circle.
    assert "sk_jae" not in IMPORTS[module]
