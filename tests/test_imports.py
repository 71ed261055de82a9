"""Which parts of the package may import which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sk_jae

ROOT = Path(sk_jae.__file__).parent
NUMPY_SIDE = ["arrays", "validation", "layout", "notation", "model_selection"]
TORCH_SIDE = ["modules", "blocks", "architecture", "losses", "notation"]


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


def reached_from(module):
    """All that a module imports, itself or through other modules of the package."""
    reached, waiting = set(), [f"sk_jae.{module}"]
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
    assert {"sk_jae._base", "sk_jae.modules", "torch", "skorch"} <= reached_from(
        "autoencoder"
    )
    assert "sk_jae._layers" in reached_from("modules")
    assert "sk_jae.datasets._digits" in reached_from("datasets")


@pytest.mark.parametrize("module", NUMPY_SIDE)
def test_the_numpy_side_never_imports_torch(module):
    assert not {"torch", "torchvision", "skorch"} & top_level(reached_from(module))


@pytest.mark.parametrize("module", TORCH_SIDE)
def test_the_torch_side_works_on_its_own(module):
    reached = reached_from(module)
    assert not {"sklearn", "skorch"} & top_level(reached)
    others = ("sk_jae.arrays", "sk_jae.validation", "sk_jae.training")
    assert not [name for name in reached if name.startswith(others)]


def test_notation_needs_neither():
    outside = top_level(reached_from("notation")) - {"sk_jae"}
    assert not {"numpy", "torch", "sklearn"} & outside


@pytest.mark.parametrize("module", sorted(IMPORTS))
def test_only_training_imports_skorch(module):
    if not module.startswith("sk_jae.training"):
        assert "skorch" not in top_level(IMPORTS[module])


def test_the_estimators_never_import_each_other():
    assert "sk_jae.classifier" not in reached_from("autoencoder")
    assert "sk_jae.autoencoder" not in reached_from("classifier")


@pytest.mark.parametrize("module", sorted(IMPORTS))
def test_nothing_inside_imports_the_package_itself(module):
    # Parts are imported from where they are, so that no import goes in a circle.
    if module != "sk_jae":
        assert "sk_jae" not in IMPORTS[module]
