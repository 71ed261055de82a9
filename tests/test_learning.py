"""What the estimators train: which weights move, by what, and what is learned."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from skorch.callbacks import Callback
from small import CONV, PAPER, SMALL, labeled_vectors

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.datasets import load_digits_pair


def weights_of(estimator):
    return copy.deepcopy(estimator.module_.state_dict())


class Watch(Callback):
    """Keeps the weights before training and after each phase, and the gradients."""

    def __init__(self):
        self.first_gradients = None
        self.start = None
        self.after = {}

    def on_train_begin(self, net, **kwargs):
        if self.start is None:
            self.start = copy.deepcopy(net.module_.state_dict())

    def on_grad_computed(self, net, named_parameters, **kwargs):
        if self.first_gradients is None:
            self.first_gradients = {
                name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
                for name, p in net.module_.named_parameters()
            }

    def on_epoch_end(self, net, **kwargs):
        row = net.history[-1]
        phase = row.get("phase", "only")
        self.after[phase] = copy.deepcopy(net.module_.state_dict())


def moved(before, after):
    return {key for key in before if not torch.equal(before[key], after[key])}


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
        parameters = {**PAPER, "n_shared": 0}
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


TERMS = [(term, t) for term in ("reconstruction", "classification") for t in "ab"]


class TestLossWeights:
    def fitted(self, reconstruction, classification, **parameters):
        X, y = labeled_vectors()
        watch = Watch()
        clf = JointTransferClassifier(
            **{**PAPER, "head": "both", "max_epochs": 1, **parameters},
            reconstruction_weight=reconstruction,
            classification_weight=classification,
            callbacks=[watch],
        ).fit(X, y)
        return clf, watch

    def test_scale_the_gradients_of_the_terms_they_name(self):
        weights = {
            "reconstruction": {"a": 0.5, "b": 2.0},
            "classification": {"a": 4.0, "b": 0.25},
        }
        expected = None
        for term, task in TERMS:
            only = {key: dict.fromkeys("ab", 0.0) for key in weights}
            only[term][task] = 1.0
            _, watch = self.fitted(**only)
            part = {
                name: gradient * weights[term][task]
                for name, gradient in watch.first_gradients.items()
            }
            assert any(gradient.any() for gradient in part.values())
            if expected is None:
                expected = part
            else:
                expected = {name: expected[name] + part[name] for name in part}
        _, watch = self.fitted(**weights)
        for name, gradient in watch.first_gradients.items():
            torch.testing.assert_close(
                gradient, expected[name], rtol=1e-4, atol=1e-6, msg=name
            )

    def test_scale_the_terms_in_the_loss_but_not_in_the_history(self):
        weights = {"reconstruction": [0.5, 2.0], "classification": [4.0, 0.25]}
        clf, _ = self.fitted(**weights, lr=1e-12)
        plain, _ = self.fitted([1.0, 1.0], [1.0, 1.0], lr=1e-12)
        (row,), (plain_row,) = clf.history_, plain.history_
        total = 0.0
        for term, task in TERMS:
            key = f"train_{term}_{task}"
            assert row[key] == pytest.approx(plain_row[key], rel=1e-5)
            total += weights[term]["ab".index(task)] * row[key]
        assert row["train_loss"] == pytest.approx(total, rel=1e-6)
        assert clf.loss_curve_ == [row["train_loss"]]

    @pytest.mark.parametrize(
        "forms",
        [
            (2.0, [2.0, 2.0]),
            (2.0, {"a": 2.0, "b": 2.0}),
            ([2.0, 0.0], {"b": 0.0, "a": 2}),
            ((1.0, 3.0), np.array([1.0, 3.0])),
        ],
    )
    def test_may_be_a_number_a_list_or_a_dict(self, forms):
        one, other = (weights_of(self.fitted(form, form)[0]) for form in forms)
        assert not moved(one, other)

    @pytest.mark.parametrize("weight_decay", [0.0, 0.1])
    @pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
    def test_of_zero_keep_all_of_a_task_that_is_not_tied_in_place(
        self, weight_decay, optimizer
    ):
        clf, watch = self.fitted(
            [1.0, 0.0], [1.0, 0.0], weight_decay=weight_decay, optimizer=optimizer
        )
        changed = moved(watch.start, weights_of(clf))
        own = {key for key in watch.start if self.task_of(key) == "1"}
        assert len(own) >= 14  # two encoders, two decoders, an output layer, a head
        assert not changed & own
        assert {key for key in watch.start if key.endswith("weight")} - own <= changed

    def test_of_zero_for_one_term_keep_in_place_what_only_that_term_trains(self):
        clf, watch = self.fitted([1.0, 1.0], [1.0, 0.0])
        changed = moved(watch.start, weights_of(clf))
        assert not any(key.startswith("private_heads.1.") for key in changed)
        assert "private_heads.0.0.weight" in changed
        assert "private_encoders.1.0.weight" in changed
        assert "train_classification_b" not in clf.history_[-1]

        clf, watch = self.fitted([1.0, 0.0], [1.0, 1.0])
        changed = moved(watch.start, weights_of(clf))
        for part in ("private_decoders", "shared_decoders", "outputs"):
            assert not any(key.startswith(f"{part}.1.") for key in changed)
            assert any(key.startswith(f"{part}.0.") for key in changed)
        assert "private_encoders.1.0.weight" in changed  # by the head on both codes
        assert "train_reconstruction_b" not in clf.history_[-1]

    def test_of_the_autoencoder_are_for_reconstruction(self):
        X, _ = labeled_vectors()
        watch = Watch()
        jae = JointAutoencoder(
            **SMALL, reconstruction_weight={"a": 0.0, "b": 3.0}, callbacks=[watch]
        ).fit(X)
        changed = moved(watch.start, weights_of(jae))
        assert not any(self.task_of(key) == "0" for key in changed)
        for row in jae.history_:
            expected = 3 * row["train_reconstruction_b"]
            assert row["train_loss"] == pytest.approx(expected)

    @staticmethod
    def task_of(key):
        """The number of the task that a weight belongs to, if to one alone."""
        part, number, _ = key.split(".", 2)
        return None if part in ("tied", "shared_head") else number


@pytest.fixture(scope="module", params=["dense", "conv"])
def common_branch(request):
    rng = np.random.default_rng(0)
    shapes = [(6,), (4,), (5,)]
    parameters = PAPER
    if request.param == "conv":
        shapes = [(8, 8), (7, 9), (8, 9)]
        parameters = {**PAPER, "encoder": CONV["encoder"], "shared_depth": 1}
    sizes = (16, 30, 20)
    X = [rng.normal(size=(n, *s)) for n, s in zip(sizes, shapes, strict=True)]
    y = [rng.integers(3, size=n) for n in sizes]
    y[2] = None
    watch = Watch()
    clf = JointTransferClassifier(
        **parameters, strategy="common-branch", callbacks=[watch]
    ).fit(X, y)
    return clf, watch


class TestCommonBranch:
    @staticmethod
    def parts(clf, before, after):
        """The parts of the module of which some weight moved."""
        found = set()
        names = {name for name, _ in clf.module_.named_parameters()}
        for name in moved(before, after) & names:
            part, number, _ = name.split(".", 2)
            common = part in ("tied", "shared_head")
            found.add(part if common else f"{part}.{number}")
        return found

    def test_first_trains_the_autoencoders(self, common_branch):
        clf, watch = common_branch
        names = [row["phase"] for row in clf.history_]
        assert names == ["unsupervised"] * 2 + ["source"] * 2 + ["target"] * 2
        found = self.parts(clf, watch.start, watch.after["unsupervised"])
        assert not {"shared_head", "private_heads.0", "private_heads.1"} & found
        for t in range(3):
            assert {f"private_encoders.{t}", f"outputs.{t}"} <= found

    def test_then_the_branches_of_the_task_with_most_labels(self, common_branch):
        clf, watch = common_branch
        found = self.parts(clf, watch.after["unsupervised"], watch.after["source"])
        expected = {"tied", "shared_head", "private_encoders.1", "private_heads.1"}
        if len(clf.module_.pre_tied[1]):
            expected.add("pre_tied.1")
        assert found == expected

    def test_then_only_the_private_branches_of_labeled_targets(self, common_branch):
        clf, watch = common_branch
        found = self.parts(clf, watch.after["source"], watch.after["target"])
        assert found == {"private_encoders.0", "private_heads.0"}
        assert not moved(watch.after["target"], weights_of(clf))

    def test_has_classes_for_a_task_without_labels(self, common_branch):
        clf, _ = common_branch
        X = np.zeros((4, *clf.feature_shapes_in_[2]))
        assert set(clf.predict([None, None, X])[2]) <= {0, 1, 2}

    def test_needs_private_branches(self):
        X, y = labeled_vectors()
        for wrong in ({"n_private": 0}, {"head": "shared"}):
            clf = JointTransferClassifier(
                **{**PAPER, **wrong}, strategy="common-branch"
            )
            with pytest.raises(ValueError, match="'common-branch' trains the private"):
                clf.fit(X, y)


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
                **{**PAPER, "encoder": (64,), "shared_depth": 1, "max_epochs": 12},
                shared_input=(1, 8, 8),
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
        **{**PAPER, "encoder": CONV["encoder"], "batch_size": 40, "lr": 0.05},
        strategy=strategy,
        reconstruction_weight=[1, float(strategy == "common-branch")],
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
