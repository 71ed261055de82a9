"""Tables whose columns differ: the shared branch sees those that all have by name."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from tests.helpers.refusals import assert_has, refusal
from tests.helpers.small import equal_weights, small

# Each class is high in columns of its own.
NAMES = tuple("abcdefgh")
Y = np.arange(60) % 2
LEARNED = small(encoder=(16,), max_epochs=30, n_shared=4)


def table(names, n=60, seed=0, make=pd.DataFrame):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, len(NAMES)))
    values += 2 * np.where(np.arange(len(NAMES)) % 2 == Y[:n, None], 1, -1)
    columns = dict(zip(NAMES, values.T, strict=True))
    return make({name: columns.get(name, values[:, 0] ** 2) for name in names})


def accuracy(first, second, **parameters):
    clf = JointTransferClassifier(**{**LEARNED, **parameters})
    clf.fit([first, second], [Y, None])
    return clf.score([None, second], [None, Y])


def tied_inputs(est):
    """The number of features that the first tied layer sees."""
    return next(m.in_features for m in est.module_.tied if hasattr(m, "in_features"))


makers = pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])


@makers
@pytest.mark.parametrize("second", ["hgfedcba", "cdbaxz", "ghefyzabcd"])
def test_a_table_without_labels_is_read_by_the_names_of_its_columns(make, second):
    first, second = table(NAMES, make=make), table(second, seed=1, make=make)
    assert accuracy(first, second) > 0.95


def test_columns_in_another_order_are_not_tied_by_position():
    # Each place has a column of the other class.
    first, second = table(NAMES), table("badcfehg", seed=1)
    assert accuracy(first, second) > 0.95
    assert accuracy(first, second, shared_input=None) < 0.05


@makers
@pytest.mark.parametrize("packed", [False, True])
def test_columns_are_found_wherever_they_stand(make, packed):
    first, second = table(NAMES, make=make), table("hcdz", 20, seed=1, make=make)
    X = [first, second]
    for data in (pack(X)[0] if packed else X, pack(X)[0][::2] if packed else X):
        jae = JointAutoencoder(**small(shared_depth="auto")).fit(data)
        indices = [view.indices.tolist() for view in jae.module_.views]
        assert indices == [[2, 3, 7], [1, 2, 0]]
        assert tied_inputs(jae) == 3
        assert [z.shape for z in jae.reconstruct(X, codes="shared")] == [
            (60, 8),
            (20, 4),
        ]
        assert jae.translate(first, 0, 1).shape == (60, 4)
        assert jae.translate(second, 1, 0).shape == (20, 8)


def test_equal_columns_in_equal_order_are_seen_as_they_are():
    X = [table(NAMES), table(NAMES, 20, seed=1)]
    arrays = [x.to_numpy() for x in X]
    one = JointAutoencoder(**small()).fit(X)
    other = JointAutoencoder(**small()).fit(arrays)
    assert all(isinstance(view, torch.nn.Identity) for view in one.module_.views)
    assert equal_weights(one, other)


def test_the_first_table_in_its_own_order_is_seen_as_it_is():
    X = [table("abcd"), table("dcba", 20, seed=1)]
    views = JointAutoencoder(**small()).fit(X).module_.views
    assert isinstance(views[0], torch.nn.Identity)
    assert views[1].indices.tolist() == [3, 2, 1, 0]


def test_three_tables_share_what_all_have():
    X = [table("abcdef"), table("fedcba", seed=1), table("cdegz", seed=2)]
    clf = JointTransferClassifier(**LEARNED).fit(X, [Y, None, None])
    assert tied_inputs(clf) == 3
    assert clf.score([None, *X[1:]], [None, Y, Y]) > 0.95


@pytest.mark.parametrize(
    "X",
    [
        [table("abc"), table("def")],
        [table("abc"), table("bcd"), table("dea")],
        [table("abc"), table("cba"), np.ones((60, 3))],
        # Numbers are no names.
        [table("abc"), table("abcd").set_axis(range(4), axis=1)],
        [table("abc", make=pl.DataFrame), pl.DataFrame(table("abcd").to_numpy())],
    ],
)
def test_what_cannot_be_matched_has_first_layers_of_its_own(X):
    jae = JointAutoencoder(**small(shared_depth="auto")).fit(X)
    assert all(isinstance(view, torch.nn.Identity) for view in jae.module_.views)
    widths = [layers[0].in_features for layers in jae.module_.pre_tied]
    assert widths == [x.shape[1] for x in X]
    assert jae.module_.earliest_depth == 2
    text = refusal(jae.set_params(shared_depth=1).fit, X)
    assert_has(text, "shared_depth=1", "earliest shared_depth that works is 2")


@pytest.mark.parametrize("X", [[table("abc"), np.ones((60, 3))], [table("abc")] * 2])
def test_without_other_names_columns_are_tied_by_position(X):
    jae = JointAutoencoder(**small(shared_depth=1)).fit(X)
    assert tied_inputs(jae) == 3


def test_shared_input_none_ties_by_position_whatever_the_names_are():
    X = [table("abc"), table("xyz", 20)]
    jae = JointAutoencoder(**small(shared_depth=1, shared_input=None)).fit(X)
    assert equal_weights(
        jae, JointAutoencoder(**small(shared_depth=1)).fit([x.to_numpy() for x in X])
    )


class TestFewCommonColumns:
    """One column, or fewer than a tenth of those of the narrowest table."""

    WIDE = tuple(f"{i}." for i in range(29))

    def seen(self, n_common, y):
        X = [table([*NAMES[:n_common], *self.WIDE]) for _ in range(2)]
        X[1] = X[1].rename(columns={name: f"-{name}" for name in self.WIDE})
        if y is None:
            est = JointAutoencoder(**small(shared_depth="auto")).fit(X)
        else:
            est = JointTransferClassifier(**small()).fit(X, y)
        return est.module_.earliest_depth == 1

    @pytest.mark.parametrize(
        "y", [None, [Y, Y], [Y, np.where(np.arange(60) < 6, Y, -1)]]
    )
    def test_are_not_all_that_the_shared_branch_sees(self, y):
        assert not self.seen(1, y)
        assert not self.seen(3, y)
        assert self.seen(4, y)

    @pytest.mark.filterwarnings("ignore:The tasks have only 1 column in common")
    def test_are_all_that_it_sees_if_a_task_has_no_labels(self):
        assert self.seen(1, [Y, None])
        assert self.seen(4, [Y, None])

    def test_a_narrow_table_has_no_more(self):
        X = [table([*"ab", *self.WIDE]), table("ba")]
        jae = JointAutoencoder(**small(shared_depth=1)).fit(X)
        assert tied_inputs(jae) == 2


class TestLater:
    X = (table("abcde"), table("xcab", 20, seed=1))
    y = (Y, None)

    def fitted(self, **parameters):
        return JointTransferClassifier(**small(**parameters)).fit(self.X, self.y)

    def test_columns_must_be_those_of_fit_in_their_order(self):
        clf = self.fitted()
        for given in ([None, self.X[1][[*"abcx"]]], [self.X[0][[*"edcba"]], None]):
            for call in (clf.predict, clf.transform, clf.reconstruct):
                assert_has(refusal(call, given), "has the features", "in this order")

    def test_arrays_are_taken_in_the_order_of_fit(self):
        clf = self.fitted()
        arrays = [x.to_numpy() for x in self.X]
        for one, other in zip(
            clf.transform(arrays), clf.transform(self.X), strict=True
        ):
            assert_array_equal(one, other)

    def test_a_copy_has_the_same_columns(self):
        clf = self.fitted()
        again = pickle.loads(pickle.dumps(clf))
        names = again.module_.views[1].state_dict()
        assert any(name.endswith("indices") for name in names)
        assert_array_equal(again.predict_proba(self.X)[1], clf.predict_proba(self.X)[1])
        assert_array_equal(
            again.translate(self.X[0], 0, 1), clf.translate(self.X[0], 0, 1)
        )

    def test_a_warm_start_goes_on_with_the_same_columns(self):
        jae = JointAutoencoder(**small(warm_start=True, shared_depth=1)).fit(self.X)
        jae.fit(self.X)
        assert len(jae.history_) == 4
        arrays = [x.to_numpy() for x in self.X]
        assert tied_inputs(jae.fit(arrays)) == 3
        before = jae.transform(self.X)
        jae.set_params(shared_input=None, shared_depth=-1)
        assert_has(refusal(jae.fit, self.X), "warm_start=True", "shared_input")
        for one, other in zip(jae.transform(self.X), before, strict=True):
            assert_array_equal(one, other)

    def test_a_warm_start_in_another_order_is_refused(self):
        X = [self.X[0], self.X[0][[*"edcba"]]]
        jae = JointAutoencoder(**small(warm_start=True)).fit(X)
        text = refusal(jae.set_params(shared_input=None).fit, X)
        assert_has(text, "the columns that the shared branch sees", "[4, 3, 2, 1, 0]")
        clone(jae).fit(X)

    def test_the_mirror_leads_back_to_all_columns(self):
        jae = JointAutoencoder(
            **small(encoder=lambda shape: (3 * shape[0], 5), shared_depth=1)
        ).fit(self.X)
        for t, x in enumerate(self.X):
            widths = [m.out_features for m in jae.module_.shared_decoders[t][::2]]
            assert widths == [5, 3 * x.shape[1]]
            assert jae.module_.outputs[t][0].out_features == x.shape[1]


def test_columns_of_flattened_pictures_are_not_matched_by_name():
    rng = np.random.default_rng(0)
    names = [[f"{task}{i}" for i in range(64)] for task in ("left", "right")]
    X = [pd.DataFrame(rng.normal(size=(20, 64)), columns=n) for n in names]
    clf = JointTransferClassifier(**small(), layout="image")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(X, [np.arange(20) % 2, None])
    assert clf.module_.earliest_depth == 1
