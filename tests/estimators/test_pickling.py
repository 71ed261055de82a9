"""Saving, copying and sending estimators to other processes."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import weakref

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_validate
from skorch.callbacks import (
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    LRScheduler,
)
from torch import nn

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.exceptions import DeviceWarning
from tests.helpers.saved import assert_same, outputs
from tests.helpers.small import SMALL, half_labeled, small


def from_modules(shape):
    """Layers of the user's own."""
    return [nn.Linear(shape[0], 8), nn.Tanh()]


def n_samples(net, data, y=None):
    return len(data)


def absolute(reconstruction, target):
    return (reconstruction - target).abs()


def make_named():
    X, y = half_labeled()
    labels = np.array(["none", "one", "two"])[y[0]]
    return {"pen": X[0], "optical": X[1]}, {"pen": labels}


def make_packed():
    return pack(*half_labeled())


def make_table():
    X, y = half_labeled()
    return X[0], y[0]


def make_images():
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 255, (24, 8, 8, 3)).astype(np.uint8), rng.random((12, 9, 9))]
    return X, [np.arange(24) % 3, None]


CASES = {
    "tasks": ({}, half_labeled),
    "named": ({"early_stopping": True}, make_named),
    "packed": ({"warm_start": True}, make_packed),
    "table": ({"reconstruction_loss": absolute}, make_table),
    "images": ({"encoder": "Conv 4x(3x3), BN, MP 2x2, FC 8"}, make_images),
    "modules": ({"encoder": from_modules, "shared_depth": -1}, half_labeled),
    "callbacks": (
        {
            "callbacks": [
                LRScheduler("StepLR", step_size=1),
                EarlyStopping("train_loss", load_best=True),
                EpochScoring(n_samples, name="n", on_train=True),
                Freezer("tied*"),
                GradientNormClipping(1.0),
            ]
        },
        half_labeled,
    ),
}
cases = pytest.mark.parametrize(
    ("params", "make"), [pytest.param(*case, id=name) for name, case in CASES.items()]
)
estimators = pytest.mark.parametrize("cls", [JointAutoencoder, JointTransferClassifier])


def by_joblib(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file, compress=1)
    file.seek(0)
    return joblib.load(file)


def by_pickle(estimator):
    return pickle.loads(pickle.dumps(estimator))


ways = pytest.mark.parametrize(
    "way", [by_pickle, by_joblib, copy.deepcopy, copy.copy], ids=lambda f: f.__name__
)


@cases
@estimators
@ways
def test_a_fitted_estimator_predicts_the_same(cls, params, make, way):
    X, y = make()
    est = clone(cls(**small(**params))).fit(X, y)
    other = way(est)
    assert_same(outputs(other, X), outputs(est, X))
    assert other.history_ == est.history_
    assert other.n_parameters_ == est.n_parameters_
    # ... and can be fitted again.
    assert clone(other).fit(X, y).loss_curve_ == est.loss_curve_


@cases
@estimators
@pytest.mark.parametrize("way", [by_pickle, by_joblib, copy.deepcopy, clone])
def test_an_unfitted_estimator_learns_the_same(cls, params, make, way):
    X, y = make()
    est = clone(cls(**small(**params)))
    other = way(est)
    with pytest.raises(NotFittedError):
        other.transform(X)
    assert_same(outputs(other.fit(X, y), X), outputs(est.fit(X, y), X))


def test_a_clone_of_a_fitted_estimator_is_unfitted():
    X, y = half_labeled()
    clf = JointTransferClassifier(**SMALL).fit(X, y)
    with pytest.raises(NotFittedError):
        clone(clf).predict(X)


def test_a_deep_copy_shares_no_weights():
    X, y = half_labeled()
    clf = JointTransferClassifier(**SMALL).fit(X, y)
    expected = outputs(clf, X)
    other = copy.deepcopy(clf)
    with torch.no_grad():
        for parameter in other.module_.parameters():
            parameter.zero_()
    assert_same(outputs(clf, X), expected)


def wide_modules(shape):
    return [nn.Linear(shape[0], 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()]


@pytest.mark.parametrize("encoder", [(256, 256), wide_modules])
@pytest.mark.parametrize("callbacks", [None, [LRScheduler("StepLR", step_size=1)]])
@pytest.mark.parametrize("stopping", [False, True])
@estimators
def test_a_pickle_holds_the_model_once_and_no_data(cls, encoder, callbacks, stopping):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(3000, 200)), rng.normal(size=(2000, 200))]
    y = [(X[0][:, 0] > 0).astype(int), None]
    est = cls(
        **small(
            max_epochs=1,
            encoder=encoder,
            decoder=(64,),
            shared_depth=-1,
            batch_size=1000,
            callbacks=callbacks,
            early_stopping=stopping,
        )
    )
    est = clone(est).fit(X, y)
    weights = 4 * est.n_parameters_
    assert weights > 1_000_000
    assert weights < len(pickle.dumps(est)) < weights + 60_000
    assert len(pickle.dumps(copy.deepcopy(est))) < weights + 60_000


def test_a_pickle_holds_the_optimizer_for_a_warm_start_only():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 200))
    jae = JointAutoencoder(**small(encoder=(500,), warm_start=True)).fit(X)
    weights = 4 * jae.n_parameters_
    assert 3 * weights < len(pickle.dumps(jae)) < 3 * weights + 60_000
    jae.set_params(warm_start=False).fit(X)
    assert weights < len(pickle.dumps(jae)) < weights + 60_000


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"warm_start": True}])
@pytest.mark.parametrize("make", [half_labeled, make_packed, make_table, make_images])
def test_a_fitted_estimator_keeps_no_data_in_memory(make, params):
    X, y = make()
    arrays = [X] if isinstance(X, np.ndarray) else list(getattr(X, "arrays", X))
    labels = [part for part in (y if isinstance(y, list) else [y]) if part is not None]
    watched = [weakref.ref(array) for array in [*arrays, *labels]]
    clf = JointTransferClassifier(
        **small(**params, callbacks=[LRScheduler("StepLR", step_size=1)])
    ).fit(X, y)
    del X, y, arrays, labels
    gc.collect()
    assert not [ref for ref in watched if ref() is not None]
    assert all(p.grad is None for p in clf.module_.parameters())


@pytest.mark.parametrize("way", [by_pickle, by_joblib, copy.deepcopy])
@pytest.mark.parametrize("callbacks", [None, [LRScheduler("StepLR", step_size=1)]])
def test_warm_start_goes_on_after_loading(way, callbacks):
    X, y = half_labeled()
    clf = JointTransferClassifier(**small(warm_start=True, callbacks=callbacks))
    clf.fit(X, y)
    other = way(clf)
    assert_same(outputs(other.fit(X, y), X), outputs(clf.fit(X, y), X))
    assert other.n_iter_ == 4
    # A new optimizer would have led elsewhere.
    fresh = JointTransferClassifier(**small(callbacks=callbacks)).fit(X, y)
    fresh = way(fresh).set_params(warm_start=True).fit(X, y)
    assert fresh.loss_curve_[:2] == clf.loss_curve_[:2]
    assert fresh.loss_curve_[3] != clf.loss_curve_[3]


def test_the_weights_alone_can_be_saved(tmp_path):
    X, y = make_images()
    params = {**SMALL, "encoder": "Conv 4x(3x3), BN, MP 2x2, FC 8"}
    clf = JointTransferClassifier(**params).fit(X, y)
    torch.save(clf.module_.state_dict(), tmp_path / "weights.pt")
    other = JointTransferClassifier(**{**params, "random_state": 1}).fit(X, y)
    weights = torch.load(tmp_path / "weights.pt", weights_only=True)
    other.module_.load_state_dict(weights)
    assert_same(outputs(other, X), outputs(clf, X))


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
@pytest.mark.parametrize("way", [by_pickle, by_joblib])
def test_fitted_on_cuda_it_works_on_a_machine_without(way):
    X, y = half_labeled()
    clf = JointTransferClassifier(**small(warm_start=True)).fit(X, y)
    expected = outputs(clf, X)
    # What a pickle made on a GPU says of itself.
    clf._state.device = torch.device("cuda")
    clf.device = "auto"
    with pytest.warns(DeviceWarning, match="(?i)cuda"):
        other = way(clf)
    assert_same(outputs(other, X), expected)
    assert other.fit(X, y).n_iter_ == 4


def train_on_gpu(**params):
    X, y = half_labeled()
    params = {**SMALL, "device": "cuda", **params}
    return JointTransferClassifier(**params).fit(X, y), X, y


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("way", [by_pickle, by_joblib, copy.deepcopy])
def test_fitted_on_cuda_it_stays_there(way):
    clf, X, y = train_on_gpu(warm_start=True)
    other = way(clf)
    assert all(p.is_cuda for p in other.module_.parameters())
    assert_same(outputs(other, X), outputs(clf, X))
    assert other.fit(X, y).n_iter_ == 4


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_fitted_on_cuda_it_loads_without(monkeypatch):
    clf, X, _ = train_on_gpu(callbacks=[LRScheduler("StepLR", step_size=1)])
    expected = outputs(clf, X)
    dumped = pickle.dumps(clf)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.warns(DeviceWarning, match="(?i)cuda"):
        other = pickle.loads(dumped)
    assert not any(p.is_cuda for p in other.module_.parameters())
    for one, known in zip(outputs(other, X)[:4], expected[:4], strict=True):
        np.testing.assert_allclose(one, known, rtol=1e-4, atol=1e-5)


def test_workers_fit_and_send_back():
    X, y = make_packed()
    clf = JointTransferClassifier(
        **small(
            reconstruction_loss=absolute,
            callbacks=[LRScheduler("StepLR", step_size=1), Freezer("tied*")],
        )
    )
    search = GridSearchCV(clf, {"lr": [1e-3, 1e-2]}, cv=2, n_jobs=2).fit(X, y)
    here = GridSearchCV(clf, {"lr": [1e-3, 1e-2]}, cv=2).fit(X, y)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"]
    )
    assert_same(
        outputs(by_pickle(search).best_estimator_, X),
        outputs(search.best_estimator_, X),
    )
    runs = [
        cross_validate(clf, X, y, cv=2, n_jobs=n_jobs, return_estimator=True)
        for n_jobs in (1, 2)
    ]
    for one, other in zip(*(run["estimator"] for run in runs), strict=True):
        for found, known in zip(outputs(other, X), outputs(one, X), strict=True):
            np.testing.assert_allclose(found, known, rtol=1e-4, atol=1e-5)
