"""What the estimators learn, apart and together."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.datasets import load_digits_pair
from tests.helpers.small import CONV, PAPER, SMALL, labeled_vectors, small


class TestIndependentTasks:
    """With `n_shared=0` each task trains as it would alone."""

    @pytest.mark.parametrize("parameters", [SMALL, CONV], ids=["dense", "conv"])
    def test_autoencoders_equal_those_fitted_alone(self, parameters):
        rng = np.random.default_rng(0)
        shapes = {"a": (6,), "b": (4,)}
        if parameters is CONV:
            shapes = {"a": (8, 8), "b": (3, 7, 9)}
        X = {name: rng.normal(size=(20, *shape)) for name, shape in shapes.items()}
        parameters = {**parameters, "n_shared": 0}
        both = JointAutoencoder(**parameters).fit(X)
        for t, name in enumerate(X):
            alone = JointAutoencoder(**parameters).fit({name: X[name]})
            self.check(both, alone, t, name)
            np.testing.assert_array_equal(
                both.transform(X)[name], alone.transform({name: X[name]})[name]
            )

    def test_classifiers_equal_those_fitted_alone(self):
        X, y = labeled_vectors()
        y["b"][::4] = -1
        # "auto" decays by the number of labels of all tasks.
        parameters = {**PAPER, "n_shared": 0, "weight_decay": 0.01}
        both = JointTransferClassifier(**parameters).fit(X, y)
        for t, name in enumerate(X):
            alone = JointTransferClassifier(**parameters)
            alone.fit({name: X[name]}, {name: y[name]})
            self.check(both, alone, t, name)
            np.testing.assert_array_equal(
                both.predict_proba(X)[name], alone.predict_proba({name: X[name]})[name]
            )

    @staticmethod
    def check(both, alone, t, name):
        whole = both.module_.state_dict()
        for key, value in alone.module_.state_dict().items():
            place = f".{t}.".join(key.split(".0.", 1))
            assert torch.equal(value, whole[place]), key
        for row, row_alone in zip(both.history_, alone.history_, strict=True):
            for term in ("reconstruction", "classification"):
                key = f"train_{term}_{name}"
                assert row.get(key) == row_alone.get(key)

    def test_sharing_makes_a_difference(self):
        X, _ = labeled_vectors()
        both = JointAutoencoder(**SMALL).fit(X)
        alone = JointAutoencoder(**SMALL).fit({"a": X["a"]})
        assert np.abs(both.transform(X)["a"] - alone.transform(X["a"])).max() > 1e-3


@pytest.fixture(scope="module")
def digits():
    return tuple(
        load_digits_pair(subset=subset, return_X_y=True) for subset in ("train", "test")
    )


class TestRealDigits:
    def test_reconstruction_beats_pca_of_the_same_size(self, digits):
        (X, _), (X_test, _) = digits
        jae = JointAutoencoder(
            n_shared=8,
            n_private=8,
            encoder=(128,),
            max_epochs=60,
            lr=0.003,
            random_state=0,
            device="cpu",
            precision="float32",
        ).fit(X)
        linear = []
        for name, x in X.items():
            x, x_test = (a.reshape(len(a), -1) / 255 for a in (x, X_test[name]))
            pca = PCA(8 + 8).fit(x)
            restored = pca.inverse_transform(pca.transform(x_test))
            r2 = r2_score(x_test, restored, multioutput="variance_weighted")
            linear.append(r2)
        assert jae.score(X_test) > np.mean(linear) + 0.01 > 0.8

    def test_labels_of_one_task_teach_another(self, digits):
        (X, y), (X_test, y_test) = digits
        accuracy = {}
        for n_shared in (16, 0):
            clf = JointTransferClassifier(
                **small(
                    PAPER,
                    encoder=(64,),
                    shared_depth=1,
                    max_epochs=12,
                    shared_input=(1, 8, 8),
                )
            )
            clf.set_params(n_shared=n_shared, n_private=8, batch_size=64, lr=0.003)
            few = {**y, "pen": np.where(np.arange(len(y["pen"])) < 20, y["pen"], -1)}
            clf.fit(X, few)
            accuracy[n_shared] = clf.score({"pen": X_test["pen"]}, y_test)
        # Twenty labels alone, and with 673 of the other task's.
        assert accuracy[16] > accuracy[0] + 0.05


@pytest.mark.parametrize("strategy", ["end-to-end", "common-branch"])
def test_batch_statistics_of_a_task_that_a_phase_leaves_out(strategy):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(40, 8, 8)), 3 + 2 * rng.normal(size=(40, 8, 8))]
    y = [np.arange(40) % 3, None]
    clf = JointTransferClassifier(
        **small(
            PAPER,
            encoder=CONV["encoder"],
            batch_size=40,
            lr=0.05,
            strategy=strategy,
            reconstruction_weight=[1, float(strategy == "common-branch")],
        )
    ).fit(X, y)
    x = torch.tensor(X[1], dtype=torch.float32)[:, None]
    module = copy.deepcopy(clf.module_)
    codes = []
    for training in (True, False):
        module.train(training)
        with torch.no_grad():
            codes.append(module.encode([None, x])[1].shared)
    scale = float(codes[0].abs().max())
    assert_allclose(codes[1], codes[0], atol=0.05 * scale)
