"""The methods of both estimators: forms, layouts, units and shapes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, r2_score

from sk_jae import JointArrays, JointAutoencoder, JointTransferClassifier, pack

SMALL = {
    "n_shared": 3,
    "n_private": 2,
    "encoder": (8,),
    "max_epochs": 2,
    "batch_size": 16,
    "random_state": 0,
    "device": "cpu",
    "precision": "float32",
}
CONV = {**SMALL, "encoder": "Conv 4x(3x3), BN, MP 2x2, FC 8"}

PER_SAMPLE = [
    "transform",
    "reconstruct",
    "predict",
    "predict_proba",
    "decision_function",
]


def vectors(seed=0):
    rng = np.random.default_rng(seed)
    return {"a": rng.normal(size=(24, 6)), "b": rng.normal(size=(15, 4))}


def images():
    rng = np.random.default_rng(0)
    shapes = {"gray": (20, 8, 8), "first": (12, 3, 10, 9), "last": (9, 9, 8, 3)}
    return {
        name: rng.integers(256, size=shape, dtype=np.uint8)
        for name, shape in shapes.items()
    }


def labels(X):
    return {name: np.arange(len(x)) % 3 for name, x in X.items()}


@pytest.fixture(scope="module", params=["dense", "convolutional"])
def fitted(request):
    """A classifier fitted on a dict of tasks, and the samples."""
    X = vectors() if request.param == "dense" else images()
    parameters = SMALL if request.param == "dense" else CONV
    return JointTransferClassifier(**parameters).fit(X, labels(X)), X


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


def equal_weights(one, other):
    one, other = one.module_.state_dict(), other.module_.state_dict()
    return one.keys() == other.keys() and all(
        torch.equal(one[key], other[key]) for key in one
    )


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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_codes_may_be_a_dataframe(container, of_float32):
    jae, X = of_float32
    codes = jae.transform([X, OTHER])
    frame = pytest.importorskip(container).DataFrame
    tables = [frame({str(i): z[:, i] for i in range(5)}) for z in codes]
    for actual, expected in zip(
        jae.inverse_transform(tables), jae.inverse_transform(codes), strict=True
    ):
        np.testing.assert_array_equal(actual, expected)


class TestImages:
    def test_come_back_in_their_own_layout_and_units(self):
        # Adam would make much of the last digit of a small gradient.
        parameters = {**CONV, "optimizer": "sgd"}
        X = images()
        jae = JointAutoencoder(**parameters).fit(X)
        scaled = {name: x.astype(np.float32) / 255 for name, x in X.items()}
        plain = JointAutoencoder(**parameters).fit(scaled)
        for using in ("both", "shared", "private"):
            reconstructed = jae.reconstruct(X, using=using)
            expected = plain.reconstruct(scaled, using=using)
            for name, x in X.items():
                assert reconstructed[name].shape == x.shape
                assert reconstructed[name].dtype == np.float32
                np.testing.assert_allclose(
                    reconstructed[name] / 255, expected[name], rtol=1e-3, atol=1e-4
                )
        assert jae.feature_shapes_in_["last"] == (9, 8, 3)

    def test_reconstructions_of_uint8_are_between_0_and_255(self):
        rng = np.random.default_rng(0)
        X = rng.integers(180, 220, size=(64, 8, 8), dtype=np.uint8)
        jae = JointAutoencoder(**{**SMALL, "max_epochs": 60, "lr": 0.01}).fit(X)
        assert 180 < jae.reconstruct(X).mean() < 220
        codes = jae.transform(X)
        assert 180 < jae.inverse_transform(codes).mean() < 220

    @pytest.mark.parametrize("dtype", [np.uint8, np.float32])
    def test_reconstructions_are_of_the_units_of_the_samples_with_bce(self, dtype):
        rng = np.random.default_rng(0)
        unit = 255 if dtype is np.uint8 else 1
        X = (unit * rng.uniform(0.7, 0.9, size=(64, 8, 8))).astype(dtype)
        parameters = {**SMALL, "max_epochs": 60, "lr": 0.01, "loss": "bce"}
        jae = JointAutoencoder(**parameters).fit(X)
        reconstructed = jae.reconstruct(X)
        assert 0.7 < reconstructed.mean() / unit < 0.9
        for other in (
            jae.inverse_transform(jae.transform(X)),
            jae.reconstruct(X, using="shared"),
            jae.translate(X, 0, 0),
        ):
            assert other.min() > 0
            assert other.max() < unit
        flat = len(X), -1
        r2 = r2_score(
            X.reshape(flat),
            reconstructed.reshape(flat),
            multioutput="variance_weighted",
        )
        assert jae.score(X) == pytest.approx(r2, abs=1e-4)

    @pytest.mark.parametrize("method", ["reconstruct", "transform"])
    def test_layouts_differ_in_nothing_else(self, method):
        first = images()["first"]
        last = np.moveaxis(first, 1, 3)
        one = JointAutoencoder(**CONV).fit(first)
        other = JointAutoencoder(**CONV).fit(last)
        actual, expected = getattr(other, method)(last), getattr(one, method)(first)
        if method == "reconstruct":
            actual = np.moveaxis(actual, 3, 1)
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-3)

    @pytest.mark.parametrize("axis", [1, 3])
    def test_gray_images_may_have_a_channel(self, axis):
        gray = images()["gray"]
        expected = JointAutoencoder(**CONV).fit(gray).reconstruct(gray)
        X = np.expand_dims(gray, axis)
        actual = JointAutoencoder(**CONV).fit(X).reconstruct(X)
        np.testing.assert_array_equal(actual.squeeze(axis), expected)

    def test_the_parameter_channels_decides(self):
        X = np.zeros((5, 3, 8, 3))
        first = JointAutoencoder(**SMALL, channels="first").fit(X)
        last = JointAutoencoder(**SMALL, channels="last").fit(X)
        assert first.module_([torch.zeros(1, 3, 8, 3)])[0] is not None
        assert last.module_([torch.zeros(1, 3, 3, 8)])[0] is not None
        with pytest.raises(ValueError, match=r"channels='first' or channels='last'"):
            JointAutoencoder(**SMALL).fit(X)

    @pytest.mark.parametrize("dtype", [np.float32, np.int64, "tensor"])
    def test_of_other_types_have_the_units_of_those_in_fit(self, dtype):
        X = images()["first"]
        jae = JointAutoencoder(**CONV).fit(X)
        other = torch.from_numpy(X) if dtype == "tensor" else X.astype(dtype)
        np.testing.assert_array_equal(jae.transform(other), jae.transform(X))


class TestCodes:
    def test_shared_columns_come_first(self, fitted):
        clf, X = fitted
        for name, codes in clf.transform(X).items():
            assert codes.shape == (len(X[name]), 5)
            assert codes.dtype == np.float32
        expected = {"shared": slice(0, 3), "private": slice(3, 5)}
        both = clf.transform(X)
        try:
            for features, columns in expected.items():
                clf.set_params(features=features)
                names = [f"{features}{i}" for i in range(columns.stop - columns.start)]
                assert list(clf.get_feature_names_out()) == names
                for name, codes in clf.transform(X).items():
                    np.testing.assert_array_equal(codes, both[name][:, columns])
        finally:
            clf.set_params(features="both")

    @pytest.mark.parametrize("features", ["both", "shared", "private"])
    def test_inverse_transform_of_codes_is_the_reconstruction(self, fitted, features):
        clf, X = fitted
        try:
            clf.set_params(features=features)
            codes = clf.transform(X)
            expected = clf.reconstruct(X, using=features)
            restored = clf.inverse_transform(codes)
            in_order = clf.inverse_transform([*list(codes.values())[:-1], None])
            container = JointArrays(X)
            flat = clf.transform(container)
            split = clf.inverse_transform(container.split(flat))
        finally:
            clf.set_params(features="both")
        assert in_order.pop() is None
        for name, x in X.items():
            assert restored[name].shape == x.shape
            close(restored[name], expected[name])
            np.testing.assert_array_equal(split[name], restored[name])
        for one, other in zip(in_order, restored.values(), strict=False):
            np.testing.assert_array_equal(one, other)

    def test_of_both_branches_are_summed_by_the_output_layer(self, fitted):
        # The output layer is linear: each branch alone, and nothing counted twice.
        clf, X = fitted
        parts = [clf.reconstruct(X, using=u) for u in ("both", "shared", "private")]
        for name in X:
            both, shared, private = (part[name] for part in parts)
            assert np.abs(shared - private).max() > 1e-3
            # What remains of the sum is the bias, the same for every sample.
            bias = shared + private - both
            np.testing.assert_allclose(bias, bias[:1] + 0 * bias, atol=1e-3)

    @pytest.mark.parametrize(("n_shared", "n_private"), [(0, 2), (3, 0)])
    def test_of_one_branch(self, n_shared, n_private):
        X, y = vectors(), labels(vectors())
        sizes = {"n_shared": n_shared, "n_private": n_private}
        clf = JointTransferClassifier(**{**SMALL, **sizes}).fit(X, y)
        assert clf.transform(X)["a"].shape == (24, n_shared + n_private)
        there, missing = ("shared", "private")[:: 1 if n_shared else -1]
        for name, expected in clf.reconstruct(X).items():
            alone = clf.reconstruct(X, using=there)[name]
            np.testing.assert_array_equal(alone, expected)
        with pytest.raises(ValueError, match=f"n_{missing} is 0"):
            clf.reconstruct(X, using=missing)
        assert clf.predict(X)["b"].shape == (15,)

    def test_as_a_dataframe_of_one_task(self):
        X = pd.DataFrame(vectors()["a"], index=np.arange(24) * 3)
        jae = JointAutoencoder(**SMALL).set_output(transform="pandas")
        frame = jae.fit_transform(X)
        columns = ["shared0", "shared1", "shared2", "private0", "private1"]
        assert list(frame.columns) == columns
        assert list(frame.index) == list(X.index)
        jae.set_output(transform="default")
        np.testing.assert_array_equal(frame.to_numpy(), jae.transform(X))

    def test_as_a_dataframe_of_packed_tasks(self):
        X = vectors()
        packed, _ = pack(X)
        jae = JointAutoencoder(**SMALL).fit(packed)
        expected = jae.transform(packed)
        frame = jae.set_output(transform="pandas").transform(packed)
        assert list(frame.columns) == list(jae.get_feature_names_out())
        np.testing.assert_array_equal(frame.to_numpy(), expected)
        with pytest.raises(TypeError, match=r"set_output.* pack\(X\)\[0\]"):
            jae.transform(X)

    @pytest.mark.parametrize(
        ("codes", "error", "message"),
        [
            ([np.zeros((4, 5))] * 3, ValueError, "3 .*2 tasks"),
            ({"a": np.zeros((4, 4))}, ValueError, r"task 'a' .* expected .*5"),
            ([None, np.zeros(5)], ValueError, "task 'b'"),
            ({"c": np.zeros((4, 5))}, ValueError, "unknown task 'c'"),
            (np.zeros((9, 5)), ValueError, "Z is one array, but .* 2 tasks"),
            (JointArrays(vectors()), TypeError, r"X\.split\(Z\)"),
        ],
    )
    def test_that_do_not_fit(self, codes, error, message):
        jae = JointAutoencoder(**SMALL).fit(vectors())
        with pytest.raises(error, match=message):
            jae.inverse_transform(codes)


class TestTranslate:
    def test_takes_names_and_positions(self, fitted):
        clf, X = fitted
        names = list(X)
        for s, source in enumerate(names):
            for t, target in enumerate(names):
                translated = clf.translate(X[source], source, target)
                assert translated.shape == (len(X[source]), *X[target].shape[1:])
                assert translated.dtype == np.float32
                again = clf.translate(X[source], s, t)
                np.testing.assert_array_equal(translated, again)

    def test_to_itself_is_the_reconstruction_from_the_shared_code(self, fitted):
        clf, X = fitted
        for name, expected in clf.reconstruct(X, using="shared").items():
            actual = clf.translate(X[name], name, name)
            np.testing.assert_array_equal(actual, expected)

    def test_gives_the_units_of_the_target(self):
        gray = images()["gray"]
        X = {"small": gray / 255, "large": gray}
        jae = JointAutoencoder(**{**SMALL, "max_epochs": 40, "lr": 0.01}).fit(X)
        assert jae.translate(X["small"], "small", "large").mean() > 50
        assert jae.translate(X["large"], "large", "small").mean() < 1

    def test_of_one_bare_array(self):
        X = vectors()["a"]
        jae = JointAutoencoder(**SMALL).fit(X)
        np.testing.assert_array_equal(
            jae.translate(X, 0, 0), jae.reconstruct(X, using="shared")
        )

    @pytest.mark.parametrize(
        ("source", "target", "message"),
        [("c", "a", "source='c' is an unknown"), (0, 2, "target=2 is an unknown")],
    )
    def test_of_an_unknown_task(self, source, target, message):
        X = vectors()
        jae = JointAutoencoder(**SMALL).fit(X)
        with pytest.raises(ValueError, match=message):
            jae.translate(X["a"], source, target)

    def test_needs_a_shared_code(self):
        X = vectors()
        jae = JointAutoencoder(**{**SMALL, "n_shared": 0}).fit(X)
        with pytest.raises(ValueError, match="translate needs a shared code"):
            jae.translate(X["a"], "a", "b")


class TestScore:
    def test_of_the_autoencoder_is_the_mean_r2(self, fitted):
        _, X = fitted
        parameters = SMALL if "a" in X else CONV
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
