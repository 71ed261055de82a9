"""Pipelines, unions, output containers, clones and routing, on two packed tasks."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils import estimator_html_repr
from sklearn.utils.fixes import parse_version

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.metrics import LabeledScorer
from sk_jae.preprocessing import PerTask
from tests.helpers.packed import ARRAYS, DENSE, LABELS, N_SAMPLES, TASK, X, Y, by_hand
from tests.helpers.small import small

AUTOENCODER = JointAutoencoder(**DENSE)
CLASSIFIER = JointTransferClassifier(**small(DENSE, lr=0.05))
STRATIFIED = list(StratifiedKFold(3).split(np.zeros(N_SAMPLES), Y))


class CountingAutoencoder(JointAutoencoder):
    """Counts how often one is fitted."""

    n_fits = 0

    def fit(self, X, y=None):
        type(self).n_fits += 1
        return super().fit(X, y)


@pytest.fixture
def counting(monkeypatch):
    monkeypatch.setattr(CountingAutoencoder, "n_fits", 0)
    return CountingAutoencoder(**DENSE)


def flat_codes(fitted):
    """The codes of both tasks in the order of the packed samples."""
    codes = fitted.transform(ARRAYS)
    flat = np.empty((N_SAMPLES, codes[0].shape[1]), dtype=np.float32)
    for t in (0, 1):
        flat[X.task == t] = codes[t]
    return flat


class TestPipeline:
    def test_a_semi_supervised_classifier_behind_the_codes(self):
        head = SelfTrainingClassifier(LogisticRegression())
        pipeline = make_pipeline(AUTOENCODER, StandardScaler(), head).fit(X, Y)

        codes = flat_codes(clone(AUTOENCODER).fit(ARRAYS))
        scaled = (codes - codes.mean(0)) / codes.std(0)
        expected = clone(head).fit(scaled, Y)
        assert_array_equal(pipeline.classes_, [0, 1, 2])
        assert_allclose(
            pipeline.predict_proba(X), expected.predict_proba(scaled), atol=1e-4
        )

    def test_lists_from_end_to_end(self):
        pipeline = make_pipeline(PerTask(StandardScaler()), CLASSIFIER)
        actual = pipeline.fit(ARRAYS, LABELS).predict_proba(ARRAYS)
        scaled = [
            ((a - a.mean(0)) / a.std(0)).reshape(a.shape)
            for a in (array.astype(float) for array in ARRAYS)
        ]
        expected = clone(CLASSIFIER).fit(scaled, LABELS).predict_proba(scaled)
        for t in (0, 1):
            assert_allclose(actual[t], expected[t], atol=1e-5)

    def test_memory_is_hit_by_equal_content(self, counting, tmp_path):
        head = SelfTrainingClassifier(LogisticRegression())
        pipeline = Pipeline([("jae", counting), ("head", head)], memory=str(tmp_path))
        expected = pipeline.fit(X, Y).predict_proba(X)
        assert CountingAutoencoder.n_fits == 1

        again, y = pack([array.copy() for array in ARRAYS], LABELS)
        actual = clone(pipeline).fit(again, y).predict_proba(X)
        assert CountingAutoencoder.n_fits == 1
        assert_array_equal(actual, expected)

        clone(pipeline).fit(X[:-1], Y[:-1])
        assert CountingAutoencoder.n_fits == 2
        changed = [array.copy() for array in ARRAYS]
        changed[1][0, 0, 0] += 1
        clone(pipeline).fit(*pack(changed, LABELS))
        assert CountingAutoencoder.n_fits == 3

    def test_memory_saves_the_fits_of_a_search_over_later_steps(
        self, counting, tmp_path
    ):
        head = SelfTrainingClassifier(LogisticRegression())
        grid = {"head__estimator__C": [0.01, 1.0, 100.0]}
        memory = joblib.Memory(tmp_path, verbose=0)
        results = []
        for n_expected, where in ((3 * 3 + 1, None), (3 + 1, memory)):
            CountingAutoencoder.n_fits = 0
            pipeline = Pipeline([("jae", counting), ("head", head)], memory=where)
            search = GridSearchCV(pipeline, grid, cv=3).fit(X, Y)
            assert CountingAutoencoder.n_fits == n_expected
            results.append(search.cv_results_["mean_test_score"])
        assert_array_equal(*results)


@pytest.fixture(scope="module")
def union():
    return FeatureUnion(
        [
            ("small", JointAutoencoder(**small(DENSE, codes="shared"))),
            ("large", JointAutoencoder(**small(DENSE, n_private=3))),
        ]
    ).fit(X)


UNION_NAMES = [
    "small__shared0",
    "small__shared1",
    "small__shared2",
    "large__shared0",
    "large__shared1",
    "large__shared2",
    "large__private0",
    "large__private1",
    "large__private2",
]


def test_feature_union(union):
    parts = [
        flat_codes(clone(transformer).fit(ARRAYS))
        for _, transformer in union.transformer_list
    ]
    assert_allclose(union.transform(X), np.hstack(parts), atol=1e-5)
    assert_array_equal(union.get_feature_names_out(), UNION_NAMES)


FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame}


class TestSetOutput:
    @pytest.mark.parametrize("container", FRAMES)
    @pytest.mark.parametrize("codes", ["both", "shared", "private"])
    def test_of_packed_tasks(self, container, codes):
        transformer = clone(AUTOENCODER).set_params(codes=codes)
        plain = transformer.fit_transform(X)
        framed = clone(transformer).set_output(transform=container).fit_transform(X)
        assert isinstance(framed, FRAMES[container])
        names = ["shared0", "shared1", "shared2"] * (codes != "private")
        names += ["private0", "private1"] * (codes != "shared")
        assert list(framed.columns) == names
        assert_array_equal(framed.to_numpy(), plain)
        assert framed.to_numpy().dtype == np.float32

    @pytest.mark.parametrize("container", FRAMES)
    def test_of_one_dataframe_keeps_its_index(self, container):
        names = [f"x{i}" for i in range(6)]
        if container == "pandas":
            frame = pd.DataFrame(ARRAYS[0], columns=names, index=range(100, 172))
        else:
            frame = pl.DataFrame(ARRAYS[0], schema=names)
        transformer = clone(AUTOENCODER).fit(frame)
        assert_array_equal(transformer.feature_names_in_, names)
        framed = transformer.set_output(transform=container).transform(frame)
        if container == "pandas":
            assert_array_equal(framed.index, frame.index)
        expected = clone(AUTOENCODER).fit(ARRAYS[0]).transform(ARRAYS[0])
        assert_allclose(framed.to_numpy(), expected, atol=1e-6)

    @pytest.mark.parametrize("container", FRAMES)
    def test_of_a_union(self, container, union):
        old = parse_version(sklearn.__version__) < parse_version("1.9")
        if container == "polars" and old:
            pytest.skip("FeatureUnion renames the columns of polars from 1.9 on")
        plain = union.transform(X)
        framed = clone(union).set_output(transform=container).fit(X).transform(X)
        assert list(framed.columns) == UNION_NAMES
        assert_array_equal(framed.to_numpy(), plain)

    @pytest.mark.parametrize("container", FRAMES)
    def test_of_a_pipeline(self, container):
        pipeline = make_pipeline(AUTOENCODER, StandardScaler())
        plain = pipeline.fit_transform(X)
        framed = clone(pipeline).set_output(transform=container).fit_transform(X)
        names = [*(f"shared{i}" for i in range(3)), "private0", "private1"]
        assert list(framed.columns) == names
        assert_allclose(framed.to_numpy(), plain, atol=1e-5)

    @pytest.mark.parametrize("container", FRAMES)
    def test_of_lists_is_one_per_task(self, container):
        with config_context(transform_output=container):
            fitted = clone(AUTOENCODER).fit(X)
            assert isinstance(fitted.transform(X), FRAMES[container])
            found = fitted.transform(ARRAYS)
        assert all(isinstance(frame, FRAMES[container]) for frame in found)


@pytest.mark.parametrize("estimator", [AUTOENCODER, CLASSIFIER], ids=["jae", "jtc"])
def test_clone(estimator):
    parameters = {
        "reconstruction_weight": {"a": 1.0, "b": 2.0},
        "encoder": [(8,), (9, 8)],
        "random_state": 3,
    }
    original = clone(estimator).set_params(**parameters)
    copy = clone(original)
    assert copy is not original
    assert copy.get_params() == original.get_params()
    assert clone(original.fit(*_named_tasks())).get_params() == copy.get_params()
    assert not hasattr(clone(original), "module_")
    # A clone learns what the original learned.
    X_named, _ = _named_tasks()
    assert_array_equal(
        copy.fit(*_named_tasks()).transform(X_named), original.transform(X_named)
    )


def _named_tasks():
    return pack({"a": ARRAYS[0], "b": ARRAYS[1]}, {"a": LABELS[0]})


def test_html_repr():
    pipeline = make_pipeline(PerTask(StandardScaler()), CLASSIFIER)
    search = GridSearchCV(pipeline, {"jointtransferclassifier__lr": [0.05]}, cv=2)
    before = estimator_html_repr(search)
    after = estimator_html_repr(search.fit(X, Y))
    for html in (before, after):
        for word in ("GridSearchCV", "PerTask", "JointTransferClassifier", "n_shared"):
            assert word in html
    assert "Not fitted" in before
    assert "Not fitted" not in after


class TestRouting:
    """Metadata routing, off and on; only a scorer may see the hidden labels."""

    HIDDEN = np.where(TASK == 1, np.arange(N_SAMPLES) % 3, -1)

    @staticmethod
    def hidden_accuracy(y, y_pred, y_hidden=None):
        chosen = y_hidden >= 0
        return np.mean(y_pred[chosen] == y_hidden[chosen])

    def test_changes_no_score(self):
        expected = by_hand(CLASSIFIER, STRATIFIED)
        for enabled in (False, True):
            with config_context(enable_metadata_routing=enabled):
                assert_allclose(
                    cross_val_score(CLASSIFIER, X, Y, cv=3), expected, atol=1e-6
                )
                pipeline = make_pipeline(CLASSIFIER)
                search = GridSearchCV(pipeline, {}, cv=3, scoring=LabeledScorer())
                search.fit(X, Y)
                assert search.best_score_ == pytest.approx(expected.mean(), abs=1e-6)

    def test_gives_a_scorer_labels_that_the_estimator_never_sees(self):
        with config_context(enable_metadata_routing=True):
            scorer = make_scorer(self.hidden_accuracy)
            scorer.set_score_request(y_hidden=True)
            search = GridSearchCV(
                CLASSIFIER, {"lr": [0.01, 0.05]}, cv=3, scoring=scorer, refit=False
            ).fit(X, Y, y_hidden=self.HIDDEN)

        def score(fitted, test):
            images = X[test].arrays[1]
            hidden = self.HIDDEN[test][TASK[test] == 1]
            return np.mean(fitted.predict([None, images])[1] == hidden)

        for i, lr in enumerate((0.01, 0.05)):
            expected = by_hand(clone(CLASSIFIER).set_params(lr=lr), STRATIFIED, score)
            for k in range(3):
                actual = search.cv_results_[f"split{k}_test_score"][i]
                assert actual == pytest.approx(expected[k], abs=1e-6)

    @pytest.mark.parametrize("enabled", [False, True], ids=["off", "on"])
    def test_of_groups_to_a_splitter(self, enabled):
        groups = np.arange(N_SAMPLES) // 4 % 3
        folds = list(GroupKFold(3).split(X, Y, groups))
        given = {"params": {"groups": groups}} if enabled else {"groups": groups}
        with config_context(enable_metadata_routing=enabled):
            result = cross_validate(CLASSIFIER, X, Y, cv=GroupKFold(3), **given)
        assert_allclose(result["test_score"], by_hand(CLASSIFIER, folds), atol=1e-6)

    @pytest.mark.parametrize(
        ("enabled", "error", "message"),
        [
            (False, ValueError, r"unexpected keyword argument 'strata'"),
            (True, TypeError, r"unexpected argument\(s\) {'strata'}"),
        ],
        ids=["off", "on"],
    )
    def test_of_what_the_estimators_do_not_take_is_refused(
        self, enabled, error, message
    ):
        with (
            config_context(enable_metadata_routing=enabled),
            pytest.raises(error, match=message),
        ):
            GridSearchCV(CLASSIFIER, {}, cv=2).fit(X, Y, strata=X.task)
