"""Codes, and what is decoded from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone

from sk_jae import JointArrays, JointAutoencoder, JointTransferClassifier, pack
from tests.helpers.small import (
    CONV,
    SMALL,
    fitted_classifier,
    images,
    labels,
    small,
    vectors,
)

KINDS = ["dense", "convolutional"]


@pytest.fixture(params=KINDS)
def fitted(request):
    return fitted_classifier(request.param)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_codes_may_be_a_dataframe(container):
    X = list(vectors().values())
    jae = JointAutoencoder(**SMALL).fit(X)
    codes = jae.transform(X)
    frame = pytest.importorskip(container).DataFrame
    tables = [frame({str(i): z[:, i] for i in range(5)}) for z in codes]
    for actual, expected in zip(
        jae.inverse_transform(tables), jae.inverse_transform(codes), strict=True
    ):
        np.testing.assert_array_equal(actual, expected)


class TestCodes:
    def test_are_one_row_per_sample(self, fitted):
        clf, X = fitted
        for name, codes in clf.transform(X).items():
            assert codes.shape == (len(X[name]), 5)
            assert codes.dtype == np.float32

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(
        ("codes", "columns"), [("shared", slice(0, 3)), ("private", slice(3, 5))]
    )
    def test_shared_columns_come_first(self, kind, codes, columns):
        clf, X = fitted_classifier(kind)
        both = clf.transform(X)
        one, _ = fitted_classifier(kind, codes)
        names = [f"{codes}{i}" for i in range(columns.stop - columns.start)]
        assert list(one.get_feature_names_out()) == names
        for name, found in one.transform(X).items():
            np.testing.assert_array_equal(found, both[name][:, columns])

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("codes", ["both", "shared", "private"])
    def test_inverse_transform_of_codes_is_the_reconstruction(self, kind, codes):
        clf, X = fitted_classifier(kind, codes)
        found = clf.transform(X)
        expected = clf.reconstruct(X, codes=codes)
        restored = clf.inverse_transform(found)
        in_order = clf.inverse_transform([*list(found.values())[:-1], None])
        container = JointArrays(X)
        flat = clf.transform(container)
        split = clf.inverse_transform(container.split(flat))
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
        if "gray" in X:  # whose bytes are rounded and clipped
            X = {name: x / 255 for name, x in X.items()}
            clf = JointTransferClassifier(**CONV).fit(X, labels(X))
        parts = [clf.reconstruct(X, codes=u) for u in ("both", "shared", "private")]
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
        clf = JointTransferClassifier(**small(**sizes)).fit(X, y)
        assert clf.transform(X)["a"].shape == (24, n_shared + n_private)
        there, missing = ("shared", "private")[:: 1 if n_shared else -1]
        for name, expected in clf.reconstruct(X).items():
            alone = clf.reconstruct(X, codes=there)[name]
            np.testing.assert_array_equal(alone, expected)
        with pytest.raises(ValueError, match=f"n_{missing} is 0"):
            clf.reconstruct(X, codes=missing)
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

    @pytest.mark.parametrize("form", [dict, list, tuple])
    @pytest.mark.parametrize("container", ["pandas", "polars"])
    def test_as_dataframes_of_several_tasks(self, form, container):
        tasks = vectors()
        index = np.arange(15) * 2 + 1
        tasks["b"] = pd.DataFrame(tasks["b"], index=index)
        X = tasks if form is dict else form(tasks.values())
        jae = JointAutoencoder(**SMALL).set_output(transform=container)
        for frames in (jae.fit_transform(X), jae.transform(X)):
            found = list(frames.values()) if form is dict else frames
            expected = clone(jae).set_output(transform="default").fit_transform(X)
            expected = list(expected.values()) if form is dict else expected
            for frame, codes in zip(found, expected, strict=True):
                assert type(frame).__module__.startswith(container)
                assert list(frame.columns) == list(jae.get_feature_names_out())
                np.testing.assert_array_equal(frame.to_numpy(), codes)
        if container == "pandas":
            assert list(found[1].index) == index.tolist()
        skipped = {"b": tasks["b"]} if form is dict else form([None, tasks["b"]])
        with config_context(transform_output=container):
            again = jae.set_output(transform="default").transform(skipped)
            assert isinstance(
                list(again.values() if form is dict else again)[-1], np.ndarray
            )
            again = clone(JointAutoencoder(**SMALL)).fit(X).transform(skipped)
        again = list(again.values()) if form is dict else again
        assert type(again[-1]).__module__.startswith(container)
        assert form is dict or again[0] is None

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
                expected = np.uint8 if X[target].dtype == np.uint8 else np.float32
                assert translated.dtype == expected
                again = clf.translate(X[source], s, t)
                np.testing.assert_array_equal(translated, again)

    def test_to_itself_is_the_reconstruction_from_the_shared_code(self, fitted):
        clf, X = fitted
        for name, expected in clf.reconstruct(X, codes="shared").items():
            actual = clf.translate(X[name], name, name)
            np.testing.assert_array_equal(actual, expected)

    def test_gives_the_units_of_the_target(self):
        gray = images()["gray"]
        X = {"small": gray / 255, "large": gray}
        jae = JointAutoencoder(**small(max_epochs=40, lr=0.01)).fit(X)
        assert jae.translate(X["small"], "small", "large").mean() > 50
        assert jae.translate(X["large"], "large", "small").mean() < 1

    def test_of_one_bare_array(self):
        X = vectors()["a"]
        jae = JointAutoencoder(**SMALL).fit(X)
        np.testing.assert_array_equal(
            jae.translate(X, 0, 0), jae.reconstruct(X, codes="shared")
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
        jae = JointAutoencoder(**small(n_shared=0)).fit(X)
        with pytest.raises(ValueError, match="translate needs a shared code"):
            jae.translate(X["a"], "a", "b")
