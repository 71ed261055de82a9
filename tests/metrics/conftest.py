"""Three tasks, and a classifier fitted on them in every form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sk_jae import JointTransferClassifier, pack
from tests.helpers.scoring import LEARNED, NAMES


def forms_of(X, y):
    """The same tasks and labels in every form that holds several tasks."""
    named = dict(zip(NAMES, X, strict=True))
    labels = dict(zip(NAMES, y, strict=True))
    return {
        "list": (X, y),
        "tuple": (tuple(X), tuple(y)),
        "dict": (named, labels),
        "joint": pack(X, y),
        "joint-named": pack(named, labels),
        "dataframes": ([pd.DataFrame(x).add_prefix("f") for x in X], y),
    }


@pytest.fixture(scope="session")
def data():
    """Three tasks: all samples labeled, half of them, none."""
    rng = np.random.default_rng(0)
    truth = [np.arange(n) % 3 for n in (60, 36, 24)]
    X = [rng.normal(size=(len(y), 5)) + 1.5 * np.eye(3, 5)[y] for y in truth]
    few = np.where(np.arange(36) < 18, truth[1], -1)
    return X, [truth[0], few, None]


@pytest.fixture(scope="session")
def forms(data):
    return forms_of(*data)


@pytest.fixture(scope="session")
def fitted(forms):
    """One classifier for each form."""
    return {
        form: JointTransferClassifier(**LEARNED).fit(X, y)
        for form, (X, y) in forms.items()
    }
