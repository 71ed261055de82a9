"""What compares probabilities of classes refuses predictions of numbers by name."""

from __future__ import annotations

import pytest

from sk_jae import JointTransferRegressor
from sk_jae.metrics import (
    EntropyScorer,
    InformationMaximizationScorer,
    ReverseValidationScorer,
    SoftNeighborhoodDensityScorer,
    transfer_report,
)
from tests.helpers.regression import QUICK, make_regression

USERS = {
    "transfer_report": transfer_report,
    "EntropyScorer": EntropyScorer(),
    "InformationMaximizationScorer": InformationMaximizationScorer(),
    "SoftNeighborhoodDensityScorer": SoftNeighborhoodDensityScorer(),
    "ReverseValidationScorer": ReverseValidationScorer(),
}


@pytest.fixture(scope="module")
def fitted():
    X, (y, _) = make_regression()
    return JointTransferRegressor(**QUICK).fit(X, [y, None]), X, [y, None]


@pytest.mark.parametrize("name", USERS)
def test_they_name_themselves_and_what_helps(name, fitted):
    with pytest.raises(TypeError, match=rf"^{name} .*JointTransferRegressor.*'r2'"):
        USERS[name](*fitted)
