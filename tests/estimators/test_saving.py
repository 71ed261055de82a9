"""`save` and `load`: files of estimators."""

from __future__ import annotations

import copy
import os
import pickle
import random
from dataclasses import fields

import numpy as np
import pytest
import sklearn
import torch
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError

import sk_jae
from sk_jae import JointAutoencoder, JointTransferClassifier, JointTransferRegressor
from sk_jae.architecture import Architecture
from sk_jae.exceptions import (
    DamagedFileError,
    DeviceWarning,
    MissingFunctionError,
    ModelFileError,
    NotSavableError,
    UnknownFormatError,
)
from sk_jae.nn import TaskDescription
from tests.estimators.test_pickling import CASES
from tests.helpers.model_files import change_state, members_of
from tests.helpers.saved import assert_comes_back, assert_same, outputs
from tests.helpers.small import SMALL, half_labeled, make_tasks, small

ESTIMATORS = [JointAutoencoder, JointTransferClassifier, JointTransferRegressor]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda opened: None)


def make_signals():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, 2, 40)) for n in (20, 14)], [np.arange(20) % 2, None]


def make_fractions():
    X, y = half_labeled()
    return [1 / (1 + np.exp(-x)) for x in X], y


MORE_CASES = {
    **CASES,
    "power": (
        {"encoder": "Conv 4x5, BN, Power, FC 8"},
        make_signals,
    ),
    "signals": ({"encoder": "Conv 4x5, AP 2, FC 8"}, make_signals),
    "bce": ({"reconstruction_loss": "bce", "n_private": 0}, make_fractions),
    "apart": ({"n_shared": 0, "codes": "private"}, make_tasks),
    "by task": ({"encoder": {"task0": (8,), "task1": "FC 7, FC 8"}}, half_labeled),
}


def fit(cls, case):
    params, make = MORE_CASES[case]
    X, y = make()
    if cls is JointTransferRegressor and case == "named":
        y = {"pen": X["pen"][:, 0]}
    if cls is JointTransferRegressor and case == "packed":
        y = np.where(X.task == 0, y, np.nan)
    return clone(cls(**small(**params))).fit(X, y), X, y


@pytest.mark.parametrize("case", MORE_CASES)
@pytest.mark.parametrize("cls", ESTIMATORS)
def test_a_loaded_estimator_is_the_saved_one(cls, case, tmp_path):
    est, X, y = fit(cls, case)
    other = assert_comes_back(est, X, tmp_path)
    # ... and it can be fitted again.
    assert clone(other).fit(X, y).loss_curve_ == est.loss_curve_


def test_every_field_of_an_architecture_has_a_place_in_its_description():
    names = [[f.name for f in fields(cls)] for cls in (Architecture, TaskDescription)]
    assert names[0] == names[1]


@pytest.mark.parametrize("case", ["tasks", "images", "callbacks"])
@pytest.mark.parametrize("cls", ESTIMATORS)
def test_equal_fits_give_equal_bytes(cls, case, tmp_path):
    one, other = fit(cls, case)[0], fit(cls, case)[0]
    assert pickle.dumps(one) == pickle.dumps(other)
    one.save(tmp_path / "one")
    other.save(tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_warm_start_goes_on_after_loading(tmp_path):
    X, y = half_labeled()
    est = JointTransferClassifier(**small(warm_start=True)).fit(X, y)
    est.save(tmp_path / "model")
    other = sk_jae.load(tmp_path / "model")
    assert_same(outputs(other.fit(X, y), X), outputs(est.fit(X, y), X))


def test_the_optimizer_is_kept_for_a_warm_start_only(tmp_path):
    X, y = half_labeled()
    sizes = []
    for warm_start in (False, True):
        est = JointTransferClassifier(**small(warm_start=warm_start)).fit(X, y)
        est.save(tmp_path / "model")
        weights = members_of(tmp_path / "model")["weights.safetensors"]
        sizes.append(b"optimizer" in weights)
    assert sizes == [False, True]


def test_what_scikit_learn_has_set_is_kept(tmp_path):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(
        np.random.default_rng(0).normal(size=(20, 3)), columns=[*"abc"]
    )
    rng = np.random.RandomState(0)
    est = JointAutoencoder(**small(random_state=rng, n_shared=np.int64(3)))
    with sklearn.config_context(enable_metadata_routing=True):
        est.set_score_request(sample_weight=True)
    est.set_output(transform="pandas").fit(X)
    est.save(tmp_path / "model")
    other = sk_jae.load(tmp_path / "model")
    pandas.testing.assert_frame_equal(other.transform(X), est.transform(X))
    assert other.feature_names_in_.tolist() == ["a", "b", "c"]
    assert other.random_state.randint(10**6) == est.random_state.randint(10**6)
    with sklearn.config_context(enable_metadata_routing=True):
        requests = other.get_metadata_routing().score.requests
    assert requests == {"sample_weight": True}


@pytest.mark.parametrize(
    "classes",
    [
        ["no", "yes"],
        [False, True],
        np.array(["no", "yes"], dtype=object),
        np.array([1, 7], dtype=np.uint8),
    ],
)
def test_classes_of_all_kinds_come_back(classes, tmp_path):
    X, _ = half_labeled()
    y = [np.asarray(classes)[np.arange(40) % 2], None]
    est = JointTransferClassifier(**SMALL).fit(X, y)
    est.save(tmp_path / "model")
    other = sk_jae.load(tmp_path / "model")
    assert other.classes_.dtype == est.classes_.dtype
    assert_same(other.predict(X), est.predict(X))


def loss(reconstruction, target):
    return (reconstruction - target).abs()


def test_functions_are_asked_for_by_name(tmp_path):
    X, y = half_labeled()
    est = JointTransferClassifier(
        **small(reconstruction_loss=loss, augmentation=torch.nn.Dropout(0.1))
    ).fit(X, y)
    path = tmp_path / "model"
    est.save(path)
    with pytest.raises(
        MissingFunctionError,
        match=r"augmentation \(Dropout\), reconstruction_loss \(loss\); give them as",
    ):
        sk_jae.load(path)
    given = {"reconstruction_loss": loss, "augmentation": None}
    other = sk_jae.load(path, functions=given)
    assert_same(outputs(other, X), outputs(est, X))
    with pytest.raises(ValueError, match=r"functions has 'lr', but .*model needs"):
        sk_jae.load(path, functions={**given, "lr": 1})


def test_modules_that_do_not_fit_the_weights_are_refused(tmp_path):
    est, _, _ = fit(JointAutoencoder, "modules")
    est.save(tmp_path / "model")
    functions = {"encoder": lambda shape: [torch.nn.Linear(shape[0], 9)]}
    with pytest.raises(ModelFileError, match="the weight 'private_encoders"):
        sk_jae.load(tmp_path / "model", functions=functions)


def test_what_has_no_place_in_a_file_is_refused_by_name(tmp_path):
    X, _ = half_labeled()
    path = tmp_path / "model"
    with pytest.raises(NotFittedError):
        JointAutoencoder().save(path)
    est = JointAutoencoder(**SMALL).fit(X)
    est.note = "mine"
    with pytest.raises(NotSavableError, match="the attribute 'note'"):
        est.save(path)
    del est.note

    class Mine(JointAutoencoder):
        pass

    with pytest.raises(NotSavableError, match="Mine is a class of your own"):
        Mine(**SMALL).fit(X).save(path)
    est.history_[0]["own"] = object()
    with pytest.raises(NotSavableError, match="history/0/own is a object"):
        est.save(path)
    assert not path.exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_fitted_on_cuda_it_loads_without(tmp_path):
    X, y = half_labeled()
    est = JointTransferClassifier(**SMALL).fit(X, y)
    expected = outputs(est, X)
    est._state.device = torch.device("cuda")  # as a fit on a GPU leaves it
    est.save(tmp_path / "model")
    with pytest.warns(DeviceWarning, match="cuda"):
        other = sk_jae.load(tmp_path / "model")
    assert_same(outputs(other, X), expected)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_to_a_gpu_and_back(tmp_path):
    X, y = half_labeled()
    est = JointTransferClassifier(**{**SMALL, "device": "cuda"}).fit(X, y)
    est.save(tmp_path / "model")
    other = sk_jae.load(tmp_path / "model")
    assert all(weight.is_cuda for weight in other.module_.parameters())
    assert_same(outputs(other, X), outputs(est, X))


def test_what_is_loaded_in_inference_mode_can_be_trained(tmp_path):
    X, y = half_labeled()
    JointTransferClassifier(**small(warm_start=True)).fit(X, y).save(tmp_path / "m")
    with torch.inference_mode():
        other = sk_jae.load(tmp_path / "m")
    assert other.fit(X, y).n_iter_ == 4


class TestDamage:
    """The large version of these is benchmarks/reliability/damage.py."""

    def test_no_damaged_file_loads(self, tmp_path):
        X, y = half_labeled()
        path, other = tmp_path / "model", tmp_path / "other"
        JointTransferClassifier(**SMALL).fit(X, y).save(path)
        content, rng = path.read_bytes(), random.Random(0)
        for _ in range(150):
            changed = bytearray(content)
            changed[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            other.write_bytes(changed)
            with pytest.raises(ModelFileError):
                sk_jae.load(other)

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("estimator", "os.system"),
            ("estimator", "BaseEstimator"),
            ("parameters/__class__", "x"),
            ("parameters/fit", 1),
            ("attributes/_state", 1),
            ("attributes/n_features_in_", "x"),
            ("requests/predict", {}),
            ("random_states/random_state", {"bit_generator": "x"}),
            ("fit/device", "nowhere"),
            ("fit/frozen", {"$tuple": ["no such weight"]}),
            ("fit/skeleton", 1),
            ("fit/facts/task_names", {"$tuple": ["a"]}),
            ("fit/facts/codes", "none"),
            ("fit/facts/new", 1),
            ("fit/facts/layouts", {"$tuple": []}),
            ("fit/facts/classes", None),
            ("fit/facts/history", [1]),
            ("fit/facts/description/n_shared", 10**9),
            ("fit/facts/description/n_shared", -1),
            ("fit/facts/description/n_private", True),
            ("fit/facts/description/n_classes", 10**12),
            ("fit/facts/description/tied_range", {"$tuple": [-9, 0]}),
            ("fit/facts/description/private_heads", {"$tuple": [7]}),
        ],
    )
    def test_files_made_by_hand_are_refused(self, path, value, tmp_path):
        """All checksums are right, but the content is not what `save` writes."""
        X, y = half_labeled()
        file = tmp_path / "model"
        JointTransferClassifier(**SMALL).fit(X, y).save(file)
        change_state(file, path, value)
        with pytest.raises((DamagedFileError, UnknownFormatError), match="model"):
            sk_jae.load(file)


class TestVersions:
    def test_a_field_that_an_older_file_lacks_gets_its_default(self, tmp_path):
        X, y = half_labeled()
        JointTransferClassifier(**small(tol=0.5)).fit(X, y).save(tmp_path / "model")
        change_state(tmp_path / "model", "fit/facts/gives_logits")
        change_state(tmp_path / "model", "parameters/tol")
        assert sk_jae.load(tmp_path / "model").tol == 1e-4

    def test_a_field_that_is_needed_is_named(self, tmp_path):
        X, y = half_labeled()
        JointTransferClassifier(**SMALL).fit(X, y).save(tmp_path / "model")
        change_state(tmp_path / "model", "fit/facts/views")
        with pytest.raises(DamagedFileError, match=r"lacks 'views'.*sk_jae 0\.1"):
            sk_jae.load(tmp_path / "model")

    @pytest.mark.parametrize("fitted", [False, True])
    def test_a_pickle_of_another_version_warns(self, monkeypatch, fitted):
        est = JointAutoencoder(**SMALL)
        if fitted:
            est.fit(half_labeled()[0])
        dumped = pickle.dumps(est)
        monkeypatch.setattr(sk_jae, "__version__", "9.9.9")
        with pytest.warns(InconsistentVersionWarning, match=r"Autoencoder.*9\.9\.9"):
            pickle.loads(dumped)

    def test_a_state_without_a_newer_parameter_gets_its_default(self):
        est = JointAutoencoder(**SMALL).fit(half_labeled()[0])
        state = est.__getstate__()
        del state["tol"]
        other = copy.copy(est)
        vars(other).clear()
        other.__setstate__(state)
        assert other.tol == 1e-4


@pytest.mark.extra
def test_skops_shows_only_types_of_this_package_and_numpy():
    io = pytest.importorskip("skops.io")
    X, y = half_labeled()
    est = JointTransferClassifier(**small(warm_start=True)).fit(X, y)
    dumped = io.dumps(est)
    unknown = io.get_untrusted_types(data=dumped)
    own = "sk_jae.estimators._classifier.JointTransferClassifier"
    assert unknown == [own]
    assert_same(outputs(io.loads(dumped, trusted=unknown), X), outputs(est, X))
