"""The forms of what goes into both estimators and what comes out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, r2_score

from sk_jae import JointArrays, JointAutoencoder, JointTransferClassifier, pack
from tests.helpers.small import (
    CONV,
    SMALL,
    equal_weights,
    fitted_classifier,
    labels,
    vectors,
)

PER_SAMPLE = [
    "transform",
    "reconstruct",
    "predict",
    "predict_proba",
    "decision_function",
]


@pytest.fixture(params=["dense", "convolutional"])
def fitted(request):
    return fitted_classifier(request.param)


class TestForms:
    @pytest.mark.parametrize("method", PER_SAMPLE)
    def test_results_have_the_form_of_the_samples(self, fitted, method):
        clf, X = fitted
        call = getattr(clf, method)
        by_name = call(X)
        assert list(by_name) == list(X)
        for name, x in X.items():
            assert len(by_name[name]) == len(x)
        for sequence in (list, tuple):
            in_order = call(sequence(X.values()))
            assert type(in_order) is list
            for one, other in zip(in_order, by_name.values(), strict=True):
                np.testing.assert_array_equal(one, other)
        container = JointArrays(X)
        flat = call(container)
        if method == "reconstruct":
            assert isinstance(flat, JointArrays)
            np.testing.assert_array_equal(flat.task, container.task)
            parts = dict(zip(flat.task_names, flat.arrays, strict=True))
        else:
            assert len(flat) == len(container)
            parts = container.split(flat)
        for name, part in parts.items():
            np.testing.assert_array_equal(part, by_name[name])

    @pytest.mark.parametrize("method", PER_SAMPLE)
    def test_a_task_may_be_skipped(self, fitted, method):
        clf, X = fitted
        call = getattr(clf, method)
        whole = call(X)
        for skipped in X:
            rest = {name: x for name, x in X.items() if name != skipped}
            assert list(call(rest)) == list(rest)
            in_order = call([None if n == skipped else x for n, x in X.items()])
            container = JointArrays(X)
            selected = container[container.task != list(X).index(skipped)]
            flat = call(selected)
            if method == "reconstruct":
                parts = dict(zip(flat.task_names, flat.arrays, strict=True))
            else:
                parts = selected.split(flat)
            for name, part in zip(X, in_order, strict=True):
                if name == skipped:
                    assert part is None
                    assert len(parts[name]) == 0
                else:
                    np.testing.assert_array_equal(part, whole[name])
                    np.testing.assert_array_equal(parts[name], whole[name])

    @pytest.mark.parametrize("method", PER_SAMPLE)
    def test_names_decide_not_the_order(self, fitted, method):
        clf, X = fitted
        call = getattr(clf, method)
        whole = call(X)
        for names in (list(X)[::-1], list(X)[1:]):
            given = {name: X[name] for name in names}
            by_name, container = call(given), JointArrays(given)
            assert list(by_name) == names
            flat = call(container)
            if method == "reconstruct":
                assert flat.task_names == tuple(names)
                parts = dict(zip(flat.task_names, flat.arrays, strict=True))
            else:
                parts = container.split(flat)
            for name in names:
                np.testing.assert_array_equal(by_name[name], whole[name])
                np.testing.assert_array_equal(parts[name], whole[name])

    @pytest.mark.parametrize("method", PER_SAMPLE)
    def test_one_bare_array_is_one_task(self, method):
        X = vectors()["a"]
        y = np.arange(len(X)) % 3
        clf = JointTransferClassifier(**SMALL).fit(X, y)
        by_name = JointTransferClassifier(**SMALL).fit({"task0": X}, {"task0": y})
        expected = getattr(by_name, method)({"task0": X})["task0"]
        np.testing.assert_array_equal(getattr(clf, method)(X), expected)

    @pytest.mark.parametrize("estimator", [JointAutoencoder, JointTransferClassifier])
    def test_fit_does_the_same_for_every_form(self, estimator):
        X, y = vectors(), labels(vectors())
        by_name = estimator(**SMALL).fit(X, y)
        assert by_name.task_names_ == ("a", "b")
        assert by_name.feature_shapes_in_ == {"a": (6,), "b": (4,)}
        assert equal_weights(by_name, estimator(**SMALL).fit(*pack(X, y)))
        lists = list(X.values()), list(y.values())
        in_order = estimator(**SMALL).fit(*lists)
        assert in_order.task_names_ == ("task0", "task1")
        assert in_order.feature_shapes_in_ == [(6,), (4,)]
        assert equal_weights(in_order, estimator(**SMALL).fit(*pack(*lists)))
        assert equal_weights(in_order, estimator(**SMALL).fit(*map(tuple, lists)))

    @pytest.mark.parametrize("estimator", [JointAutoencoder, JointTransferClassifier])
    def test_fit_transform_is_fit_and_transform(self, estimator):
        X, y = vectors(), labels(vectors())
        codes = estimator(**SMALL).fit_transform(X, y)
        expected = estimator(**SMALL).fit(X, y).transform(X)
        for name in X:
            np.testing.assert_array_equal(codes[name], expected[name])


# Small whole numbers are the same numbers in every type.
NUMBERS = np.random.default_rng(0).integers(0, 9, size=(24, 6))
OTHER = np.ones((9, 4), dtype=np.float32)


def read_only(X):
    X.flags.writeable = False
    return X


def memory_map(X, folder):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


KINDS = {
    **{
        dtype: lambda _, dtype=dtype: NUMBERS.astype(dtype)
        for dtype in ("float64", "float16", ">f4", "int8", "uint8", "int64", "uint32")
    },
    "tensor": lambda _: torch.from_numpy(NUMBERS).double().requires_grad_(),
    "memory map": lambda folder: memory_map(NUMBERS.astype(np.float32), folder),
    "dataframe": lambda _: pd.DataFrame(NUMBERS),
    "fortran": lambda _: np.asfortranarray(NUMBERS, dtype=np.float32),
    "strided": lambda _: np.repeat(NUMBERS, 2, axis=0).astype(np.float32)[::2],
    "backwards": lambda _: NUMBERS[:, ::-1].astype(np.float32)[:, ::-1],
    "read-only": lambda _: read_only(NUMBERS.astype(np.float32)),
}


@pytest.fixture(scope="module")
def of_float32():
    X = NUMBERS.astype(np.float32)
    return JointAutoencoder(**SMALL).fit([X, OTHER]), X


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", KINDS)
def test_samples_may_be_of_any_kind(kind, of_float32, tmp_path):
    jae, X = of_float32
    given = KINDS[kind](tmp_path)
    assert equal_weights(JointAutoencoder(**SMALL).fit([given, OTHER]), jae)
    for method in ("transform", "reconstruct"):
        actual = getattr(jae, method)([given, None])[0]
        assert actual.dtype == np.float32
        np.testing.assert_array_equal(actual, getattr(jae, method)([X, None])[0])
    np.testing.assert_array_equal(jae.translate(given, 0, 1), jae.translate(X, 0, 1))
    assert jae.score([given, OTHER]) == jae.score([X, OTHER])


class TestScore:
    def test_of_the_autoencoder_is_the_mean_r2(self, fitted):
        _, X = fitted
        parameters = SMALL if "a" in X else CONV
        # Reconstructions of uint8 are rounded, but the score is exact.
        X = {name: x.astype(np.float32) for name, x in X.items()}
        jae = JointAutoencoder(**parameters).fit(X)
        expected = {}
        for name, reconstructed in jae.reconstruct(X).items():
            flat = len(reconstructed), -1
            expected[name] = r2_score(
                X[name].reshape(flat),
                reconstructed.reshape(flat),
                multioutput="variance_weighted",
            )
        mean = np.mean(list(expected.values()))
        assert jae.score(X) == pytest.approx(mean, abs=1e-5)
        assert jae.score(JointArrays(X)) == pytest.approx(mean, abs=1e-5)
        name = next(iter(X))
        only = jae.score({name: X[name]})
        assert only == pytest.approx(expected[name], abs=1e-5)

    def test_of_the_classifier_is_the_mean_accuracy_on_labeled_samples(self, fitted):
        clf, X = fitted
        y = labels(X)
        first = next(iter(X))
        y[first][::2] = -1
        y[list(X)[-1]] = None
        predicted = clf.predict(X)
        expected = [
            accuracy_score(y[name][y[name] >= 0], predicted[name][y[name] >= 0])
            for name in list(X)[:-1]
        ]
        assert clf.score(X, y) == pytest.approx(np.mean(expected))
        assert clf.score(*pack(X, y)) == pytest.approx(np.mean(expected))


def test_probabilities_and_decisions_agree_with_predictions(fitted):
    clf, X = fitted
    probabilities, decisions = clf.predict_proba(X), clf.decision_function(X)
    for name, predicted in clf.predict(X).items():
        p, z = probabilities[name], decisions[name]
        assert p.shape == z.shape == (len(X[name]), 3)
        np.testing.assert_allclose(p.sum(1), 1)
        np.testing.assert_array_equal(clf.classes_[p.argmax(1)], predicted)
        exp = np.exp(z - z.max(1, keepdims=True))
        np.testing.assert_allclose(p, exp / exp.sum(1, keepdims=True), rtol=1e-5)


def test_decision_of_two_classes_is_one_number():
    X = vectors()
    y = {name: np.arange(len(x)) % 2 for name, x in X.items()}
    clf = JointTransferClassifier(**SMALL).fit(X, y)
    for name, decision in clf.decision_function(X).items():
        assert decision.shape == (len(X[name]),)
        positive = clf.predict(X)[name] == 1
        np.testing.assert_array_equal(decision > 0, positive)
        p = clf.predict_proba(X)[name][:, 1]
        np.testing.assert_allclose(p, 1 / (1 + np.exp(-decision)), rtol=1e-5)
