"""Estimators that come back from a file, and all that has to be as it was."""

from __future__ import annotations

import pickle

import numpy as np

import sk_jae
from sk_jae.exceptions import MissingFunctionError


def outputs(est, X):
    """What the estimator gives for all tasks, as one list of arrays."""
    names = ["transform", "reconstruct", "predict", "predict_proba"]
    found = [getattr(est, name)(X) for name in names if hasattr(est, name)]
    flat = []
    for item in found:
        if hasattr(item, "arrays"):
            item = list(item.arrays)
        parts = item.values() if isinstance(item, dict) else item
        flat += list(parts) if isinstance(item, (list, dict)) else [item]
    return flat


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def functions_of(est, path):
    """Those that the file asks for."""
    try:
        sk_jae.load(path)
    except MissingFunctionError as error:
        names = [name for name in est.get_params(False) if f"{name} (" in str(error)]
        return {name: getattr(est, name) for name in names}
    return {}


def assert_comes_back(est, X, folder):
    """Save and load, compare everything, and return the loaded estimator."""
    path = folder / "model"
    est.save(path)
    other = sk_jae.load(path, functions=functions_of(est, path))
    assert type(other) is type(est)
    assert other.get_params() == est.get_params()
    assert_same(outputs(other, X), outputs(est, X))
    assert_same_attributes(other, est)
    assert vars(other).keys() == vars(est).keys() - {"_net"}
    other.save(folder / "again")
    assert (folder / "again").read_bytes() == path.read_bytes()
    assert_same_attributes(pickle.loads(pickle.dumps(est)), est)
    return other


def assert_same_attributes(other, est):
    """Every fitted attribute has its place in the file."""
    attributes = [k for k in dir(est) if k.endswith("_") and not k.startswith("_")]
    assert len(attributes) > 8
    for name in set(attributes) - {"net_", "module_", "layouts_"}:
        np.testing.assert_equal(getattr(other, name), getattr(est, name), name)
    for one, same in zip(other.layouts_, est.layouts_, strict=True):
        assert type(one.scaling) is type(same.scaling)
        for layout in (one, same):
            assert vars(layout).keys() == vars(one).keys()
        np.testing.assert_equal(_plain(one), _plain(same))
    assert str(other.module_) == str(est.module_)
    for name, buffer in est.module_.state_dict().items():
        np.testing.assert_array_equal(other.module_.state_dict()[name], buffer, name)


def _plain(layout):
    scaling = layout.scaling
    return {**vars(layout), "scaling": None if scaling is None else vars(scaling)}
