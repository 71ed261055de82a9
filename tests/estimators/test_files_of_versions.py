"""Files in tests/data, of every format and of old libraries, are read for ever.

They were written by `write_all`, with the versions in their names. A new format gets
new files; none is written again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sk_jae
from sk_jae import JointAutoencoder, JointTransferClassifier, JointTransferRegressor
from sk_jae.persistence import read_state, write_state

DATA = Path(__file__).parent.parent / "data"
FILES = sorted(DATA.glob("*.jae"))
PARAMETERS = {
    "n_shared": 2,
    "n_private": 2,
    "max_epochs": 2,
    "random_state": 0,
    "device": "cpu",
    "precision": "float32",
}


# The shapes of the samples of both tasks.
SHAPES = {
    "autoencoder": [(8, 8), (8, 8)],
    "classifier": [(5,), (5,)],
    "regressor": [(5,), (5,)],
    "signals": [(1, 32), (1, 16)],
    "whitened": [(20,), (20,)],
}


def samples(name):
    """Samples that are the same with every version of numpy."""
    shapes = [(n, *s) for n, s in zip((24, 16), SHAPES[name], strict=True)]
    X = [np.cos(np.arange(np.prod(s)) ** 1.5).reshape(s) for s in shapes]
    return {"a": X[0], "b": X[1]} if name == "classifier" else X


def fitted(name):
    X = samples(name)
    if name == "autoencoder":
        layers = "Conv 2x(3x3), BN, MP 2x2, FC 8"
        return JointAutoencoder(encoder=layers, **PARAMETERS).fit(X)
    if name == "classifier":
        y = {"a": np.array(["no", "yes"])[np.arange(24) % 2], "b": None}
        return JointTransferClassifier(encoder=(8,), **PARAMETERS).fit(X, y)
    if name == "signals":
        layers = "Conv 2x5, BN, Profile 2, FC 4"
        clf = JointTransferClassifier(
            encoder=layers, decoder=(4,), sampling_rate=[100.0, 50.0], **PARAMETERS
        )
        return clf.fit(X, [np.arange(24) % 2, None])
    y = [X[0][:, 0], None]
    if name == "whitened":
        own = {"input_scaling": "whiten", **PARAMETERS}
        return JointTransferRegressor(encoder=(8,), **own).fit(X, y)
    warm = {"warm_start": True, **PARAMETERS}
    return JointTransferRegressor(encoder=(8,), **warm).fit(X, y)


def outputs(name, est):
    X = samples(name)
    if name == "autoencoder":
        return est.reconstruct(X)
    if name == "classifier":
        return list(est.predict_proba(X).values())
    if name == "signals":
        return est.predict_proba(X)
    return est.predict(X)


def write_all(folder, versions):
    for name in SHAPES:
        est = fitted(name)
        path = Path(folder) / f"{name}-format1-{versions}.jae"
        est.save(path)
        expected = {"outputs": outputs(name, est)}
        write_state(path.with_suffix(".outputs"), "outputs", expected)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_earlier_versions_are_read(path, recwarn):
    est = sk_jae.load(path)
    assert not recwarn
    name = path.name.partition("-")[0]
    expected = read_state(path.with_suffix(".outputs"), "outputs").state["outputs"]
    for one, other in zip(outputs(name, est), expected, strict=True):
        # Other versions of torch compute other last digits.
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert est.n_iter_ == 2
    assert est.set_params(max_epochs=1).fit(*_again(name)).n_iter_ in (1, 3)


def _again(name):
    X = samples(name)
    if name == "autoencoder":
        return (X,)
    if name == "classifier":
        return X, {"a": np.arange(24) % 2, "b": None}
    if name == "signals":
        return X, [np.arange(24) % 2, None]
    return X, [X[0][:, 0], None]


def test_there_are_files_of_all_estimators_and_of_old_libraries():
    assert len(FILES) >= 6
    assert all(path.stat().st_size < 50_000 for path in DATA.iterdir())
    versions = [read_state(path, "model").versions["numpy"] for path in FILES]
    assert any(version.startswith("1.26") for version in versions)
    assert any(version.startswith("2.") for version in versions)
