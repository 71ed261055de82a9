"""The public names of the package, all of them: a change of this list is a change of
what users may rely on.
"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

PUBLIC = {
    "sk_jae": """
        JointArrays JointAutoencoder JointTransferClassifier JointTransferRegressor
        architecture callbacks datasets exceptions inspection load metrics
        model_selection nn pack paper preprocessing
    """,
    "sk_jae.architecture": """
        Architecture AvgPool AxisPoints BN Bands ColumnScale CommonSteps Conv Deconv FC
        Layer MaxPool PPV Power Profile Reshape Shape auto_encoder common_columns
        common_steps common_view count_weights describe from_widths has_weights mirror
        output_shape parse shapes signal_encoder to_string
    """,
    "sk_jae.callbacks": "Checkpoint Distributed",
    "sk_jae.datasets": """
        cifar10_class_pair digit_halves get_data_home keep_labels load_celeba
        load_cifar10 load_digits_pair load_mnist load_mnist_usps load_svhn load_usps
        split_by_class
    """,
    "sk_jae.exceptions": """
        DamagedFileError DeviceWarning MissingFunctionError ModelFileError
        NotSavableError TrainingInterrupted TransferWarning UnknownFormatError
    """,
    "sk_jae.inspection": """
        CodesDisplay HistoryDisplay ReconstructionDisplay SearchDisplay TransferDisplay
        TranslationDisplay
    """,
    "sk_jae.metrics": """
        EntropyScorer InformationMaximizationScorer LabeledScorer
        ReverseValidationScorer SoftNeighborhoodDensityScorer transfer_report
    """,
    "sk_jae.model_selection": """
        BatchedRandomizedSearchCV BatchedSearchCV JointStratifiedKFold
        JointStratifiedShuffleSplit LeaveOneTaskOut
        task_train_test_split
    """,
    "sk_jae.nn": """
        BandPower Codes CommonAxis CommonColumns CommonScale CommonSignals CommonView
        FlattenLinear JointModule LogPower PositiveProportions RandomAffine RandomSignal
        ReconstructionLoss TaskBatchNorm TaskOutput TaskSequential UnflattenImage
        UpConv2d agreement_loss classification_loss consistency_loss infomax_loss
        n_parameters pairing_loss random_affine random_signal reconstruction_loss
        regression_loss
    """,
    "sk_jae.paper": """
        celeba_autoencoder celeba_pair cifar10_autoencoder cifar10_pair figure
        mnist_autoencoder mnist_halves mnist_halves_transfer mnist_usps svhn_mnist
        three_way
    """,
    "sk_jae.preprocessing": "PerTask",
}
NAMES = [(module, name) for module, names in PUBLIC.items() for name in names.split()]
packages = pytest.mark.parametrize("package", PUBLIC)

# Aliases for type checkers, which cannot have a docstring.
ALIASES = {"Layer", "ReconstructionLoss", "Shape"}


@packages
def test_a_package_exports_these_names_and_no_others(package):
    exported = import_module(package).__all__
    assert sorted(exported) == sorted(PUBLIC[package].split())
    assert set(exported) <= set(dir(import_module(package)))


@packages
def test_a_star_import_brings_these_names(package):
    namespace: dict[str, object] = {}
    exec(f"from {package} import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(PUBLIC[package].split())


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_a_public_name_is_explained_by_an_example_that_runs(package, name):
    value = getattr(import_module(package), name)
    if inspect.ismodule(value):
        assert value.__doc__
    elif name not in ALIASES:
        assert inspect.isclass(value) or inspect.isfunction(value)
        lines = re.findall(r"^ *(?:>>>|\.\.\.) (.*)", value.__doc__ or "", flags=re.M)
        assert re.search(rf"\b{name}\b", "\n".join(lines)), f"{name} has no example"


def test_an_unknown_name_is_an_error_that_says_so():
    with pytest.raises(
        AttributeError, match=r"'sk_jae' has no attribute 'JointEncoder'"
    ):
        import_module("sk_jae").JointEncoder  # noqa: B018


def run(code):
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_subpackages_are_there_without_an_import_of_their_own():
    names = [name.partition(".")[2] for name in PUBLIC if "." in name]
    code = "import sk_jae"
    for name in names:
        code += f"; print(sk_jae.{name}.__name__)"
    assert run(code) == [f"sk_jae.{name}" for name in names]


def test_torch_is_imported_when_it_is_used_first():
    heavy = "[m for m in ('torch', 'skorch', 'sklearn') if m in sys.modules]"
    assert run(f"import sys, sk_jae; print(*{heavy})") == []
    code = f"import sys, sk_jae; sk_jae.architecture.parse('FC 3'); print(*{heavy})"
    assert run(code) == []
    code = f"import sys, sk_jae; sk_jae.JointAutoencoder; print(*{heavy})"
    assert run(code) == ["torch", "skorch", "sklearn"]


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_a_public_name_has_a_page(package, name):
    if inspect.ismodule(getattr(import_module(package), name)):
        assert f"sk_jae.{name}" in PAGES
    else:
        assert name in PAGES.get(package, ()), (
            f"{name} needs a line in docs/reference.rst"
        )


@packages
def test_the_reference_lists_a_name_once(package):
    assert len(PAGES[package]) == len(set(PAGES[package]))


def pages():
    """The names of each package that the reference lists."""
    docs = Path(__file__).parent.parent / "docs"
    text = (docs / "reference.rst").read_text(encoding="utf-8")
    found = {}
    for part in text.split("\n.. currentmodule:: ")[1:]:
        package, _, rest = part.partition("\n")
        found[package] = re.findall(r"^   (\w+)$", rest, flags=re.M)
    aliases = (docs / "aliases.rst").read_text(encoding="utf-8")
    for alias in re.findall(r"^.. py:data:: (\S+)$", aliases, flags=re.M):
        package, _, name = alias.rpartition(".")
        found[package].append(name)
    return found


PAGES = pages()
