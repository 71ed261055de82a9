"""Transformers, and tasks in every form."""

from __future__ import annotations

import pandas as pd
import polars as pl
import torch
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, TransformerMixin

from sk_jae import JointArrays, JointTransferClassifier
from tests.helpers.small import small

NAMES = ("mnist", "usps")


CLASSIFIER = JointTransferClassifier(**small(encoder=(16,)))


def named(items):
    return dict(zip(NAMES, items, strict=True))


def in_form(form, arrays):
    return {
        "list": lambda: arrays,
        "tuple": lambda: tuple(arrays),
        "dict": lambda: named(arrays),
        "joint": lambda: JointArrays(arrays),
        "joint-named": lambda: JointArrays(named(arrays)),
        "torch": lambda: [torch.from_numpy(a) for a in arrays],
        "pandas": lambda: [pd.DataFrame(a).add_prefix("f") for a in arrays],
        "polars": lambda: named(pl.DataFrame(a) for a in arrays),
    }[form]()


FORMS = ["list", "tuple", "dict", "joint", "joint-named", "torch", "pandas", "polars"]

TYPES = {"dict": dict, "polars": dict, "joint": JointArrays, "joint-named": JointArrays}


def parts_of(X):
    """One array per task of whatever form."""
    if isinstance(X, JointArrays):
        return list(X.arrays)
    return list(X.values()) if isinstance(X, dict) else list(X)


def check_equal(found, expected):
    assert len(parts_of(found)) == len(expected)
    for a, b in zip(parts_of(found), expected, strict=True):
        assert_allclose(a, b)


class Spy(TransformerMixin, BaseEstimator):
    """Remembers what its fit has received."""

    def __init__(self, needs_labels=False):
        self.needs_labels = needs_labels

    def fit(self, X, y=None):
        if y is None and self.needs_labels:
            raise ValueError("Spy needs labels.")
        self.X_, self.y_ = X, y
        return self

    def transform(self, X):
        return X
