"""What the estimators have in common is described in the same words."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

from sk_jae import JointAutoencoder, JointTransferClassifier, JointTransferRegressor

# Their defaults differ, and what is said of them.
FROM_AUTOENCODER = {
    "encoder",
    "shared_depth",
    "reconstruction_weight",
    "weight_decay",
    "max_epochs",
    "lr",
    "lr_schedule",
}
ESTIMATORS = (JointAutoencoder, JointTransferClassifier, JointTransferRegressor)
PAIRS = (
    (ESTIMATORS[0], ESTIMATORS[1], FROM_AUTOENCODER | {"augmentation"}),
    (ESTIMATORS[0], ESTIMATORS[2], FROM_AUTOENCODER),
    (
        ESTIMATORS[1],
        ESTIMATORS[2],
        {"encoder", "head", "weight_decay", "augmentation", "max_epochs", "transfer_"},
    ),
)
SECTIONS = ("Parameters", "Attributes")


def entries(cls, section):
    """The text of every entry of a section of a class's docstring, by its names."""
    doc = inspect.getdoc(cls)
    body = re.search(rf"^{section}\n-+\n(.*?)(?=^\S[^\n]*\n-+\n)", doc, re.M | re.S)[1]
    found = {}
    for entry in re.split(r"^(?=\S)", body, flags=re.M):
        if entry.strip():
            head, _, text = entry.replace("\\\n", "").partition("\n")
            for name in head.partition(" : ")[0].split(", "):
                found[name] = head, inspect.cleandoc(text)
    return found


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize(("first", "second", "different"), PAIRS)
def test_shared_entries_have_one_text(first, second, different, section):
    one, other = entries(first, section), entries(second, section)
    assert len(one.keys() & other.keys()) > 8
    for name in one.keys() & other.keys() - different:
        assert one[name] == other[name], name


@pytest.mark.parametrize(("first", "second", "different"), PAIRS)
def test_what_is_listed_as_different_is(first, second, different):
    one, other = (
        entries(cls, "Parameters") | entries(cls, "Attributes")
        for cls in (first, second)
    )
    for name in different:
        assert one[name] != other[name], name


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_every_parameter_is_described_with_its_default_in_order(cls):
    described = entries(cls, "Parameters")
    parameters = inspect.signature(cls).parameters
    assert list(described) == list(parameters)
    for name, parameter in parameters.items():
        _, _, default = described[name][0].rpartition("default=")
        assert ast.literal_eval(default) == parameter.default, name


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_every_fitted_attribute_is_described(cls):
    public = {
        name
        for name, _ in inspect.getmembers(cls, lambda v: isinstance(v, property))
        if name.endswith("_") and not name.startswith("_")
    }
    described = set(entries(cls, "Attributes"))
    assert public <= described
    assert described - public == {"n_features_in_", "feature_names_in_"}
