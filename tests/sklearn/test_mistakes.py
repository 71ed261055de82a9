"""Likely mistakes: what is said about them, and what to do instead.

Where scikit-learn fails or misleads before our code is reached, a test pins what the
installed version does.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, MinMaxScaler, StandardScaler

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.metrics import InformationMaximizationScorer, LabeledScorer
from sk_jae.model_selection import JointStratifiedKFold
from sk_jae.preprocessing import PerTask
from tests.helpers.packed import (
    ARRAYS,
    DENSE,
    LABELS,
    N_SAMPLES,
    TASK,
    X,
    Y,
    by_hand,
    r2_by_hand,
)
from tests.helpers.small import small

CLASSIFIER = JointTransferClassifier(
    **small(DENSE, lr=0.05, lr_schedule="constant", max_epochs=8)
)
AUTOENCODER = JointAutoencoder(**DENSE)
STRATIFIED = list(StratifiedKFold(3).split(np.zeros(N_SAMPLES), Y))
GRID = {"lr": [0.01, 0.05]}
NAMED = ({"a": ARRAYS[0], "b": ARRAYS[1]}, {"a": LABELS[0], "b": None})
TEXT = np.array(["cat", "dog", "owl"])


class TestPlainListInASearch:
    """To scikit-learn, a list of two arrays is a data set of two samples."""

    @pytest.mark.parametrize("of", [list, tuple])
    def test_cv_2_makes_lists_of_one_array(self, of):
        # In silence, it would be trained on one task and scored on the other.
        message = r"one array[\s\S]*X, y = pack\(X, y\)"
        with pytest.raises(ValueError, match=message):
            GridSearchCV(CLASSIFIER, GRID, cv=2).fit(of(ARRAYS), LABELS)
        with pytest.raises(ValueError, match=message):
            cross_val_score(AUTOENCODER, of(ARRAYS), cv=2)

    def test_a_split_list_is_refused(self):
        train, _, labels, _ = train_test_split(ARRAYS, LABELS, random_state=0)
        assert len(train) == 1
        with pytest.raises(ValueError, match=r"one array.*pack\(X, y\)"):
            CLASSIFIER.fit(train, labels)
        with pytest.raises(ValueError, match=r"one array.*pack\(X, y\)"):
            pack(train, labels)

    @pytest.mark.parametrize("tasks", [(ARRAYS, LABELS), (ARRAYS, None)])
    def test_cv_5_has_too_few_samples(self, tasks):
        message = "n_splits=5 greater than the number of samples: n_samples=2"
        with pytest.raises(ValueError, match=message):
            GridSearchCV(AUTOENCODER, GRID, cv=5).fit(*tasks)

    def test_three_tasks_and_cv_3_change_the_number_of_tasks(self):
        three = [*ARRAYS, ARRAYS[0]]
        with pytest.raises(ValueError, match=r"1 array|one array"):
            cross_val_score(AUTOENCODER, three, cv=3, error_score="raise")
        with pytest.warns(UserWarning, match=r"1 array|one array"):
            scores = cross_val_score(AUTOENCODER, three, cv=3)
        assert np.isnan(scores).all()

    def test_a_dict_of_tasks_cannot_be_split(self):
        with pytest.raises((KeyError, TypeError, ValueError)):
            GridSearchCV(CLASSIFIER, GRID, cv=2).fit(*NAMED)

    @pytest.mark.parametrize("cv", [2, 5])
    def test_packed_it_works(self, cv):
        search = GridSearchCV(CLASSIFIER, GRID, cv=cv).fit(*pack(ARRAYS, LABELS))
        folds = list(StratifiedKFold(cv).split(np.zeros(N_SAMPLES), Y))
        expected = by_hand(clone(CLASSIFIER).set_params(lr=0.05), folds).mean()
        assert search.cv_results_["mean_test_score"][1] == pytest.approx(expected)

    def test_a_packed_dict_works(self):
        search = GridSearchCV(CLASSIFIER, GRID, cv=2).fit(*pack(*NAMED))
        best = clone(CLASSIFIER).set_params(**search.best_params_).fit(*NAMED)
        images = {"b": ARRAYS[1]}
        assert_array_equal(search.predict(images)["b"], best.predict(images)["b"])


class TestScalerInFront:
    """A transformer of one array, on several."""

    def test_of_a_list(self):
        # Raised by numpy, before anything of ours is called.
        for step in (StandardScaler(), make_pipeline(StandardScaler(), CLASSIFIER)):
            with pytest.raises(ValueError, match="inhomogeneous shape"):
                step.fit(ARRAYS, LABELS)

    def test_of_a_list_with_equal_shapes(self):
        with pytest.raises(ValueError, match="Found array with dim 3"):
            StandardScaler().fit([ARRAYS[0], ARRAYS[0]])

    def test_of_packed_tasks(self):
        for step in (StandardScaler(), make_pipeline(MinMaxScaler(), CLASSIFIER)):
            with pytest.raises(TypeError, match="wrap the step in PerTask"):
                step.fit(X, Y)

    def test_per_task_works(self):
        scaled = PerTask(StandardScaler()).fit_transform(X)
        for array, original in zip(scaled.arrays, ARRAYS, strict=True):
            expected = (original - original.mean(0)) / original.std(0)
            assert_allclose(array, expected, atol=1e-6)


class TestAccuracyWithUnlabeledSamples:
    """`scoring="accuracy"` takes -1 for a class that is never predicted."""

    def test_is_silently_too_low(self):
        right = by_hand(CLASSIFIER, STRATIFIED)
        share = [np.mean(Y[test] != -1) for _, test in STRATIFIED]
        actual = cross_val_score(CLASSIFIER, X, Y, cv=3, scoring="accuracy")
        assert_allclose(actual, right * share, atol=1e-6)
        assert actual.max() < 0.6 < right.min()

    @pytest.mark.parametrize("scoring", [None, LabeledScorer("accuracy")])
    def test_of_labeled_samples_is_right(self, scoring):
        actual = cross_val_score(CLASSIFIER, X, Y, cv=3, scoring=scoring)
        assert_allclose(actual, by_hand(CLASSIFIER, STRATIFIED), atol=1e-6)


class TestNoLabelsAtAll:
    """A splitter such as KFold has nothing to say about y=None."""

    def test_the_classifier_asks_for_labels(self):
        message = r"requires y[\s\S]*labels of at least one task"
        with pytest.raises(ValueError, match=message):
            cross_val_score(CLASSIFIER, X, cv=KFold(3))
        with pytest.raises(ValueError, match=message):
            GridSearchCV(CLASSIFIER, GRID, cv=KFold(3)).fit(X, None)
        with pytest.raises(ValueError, match=message):
            CLASSIFIER.fit(ARRAYS)
        with pytest.raises(ValueError, match=r"no labeled sample.*JointAutoencoder"):
            CLASSIFIER.fit(X, np.full(N_SAMPLES, -1))

    def test_the_score_of_the_classifier_asks_for_labels(self):
        fitted = clone(CLASSIFIER).fit(ARRAYS, LABELS)
        with pytest.raises(ValueError, match=r"y is None.*sk_jae\.metrics"):
            fitted.score(ARRAYS)

    def test_the_autoencoder_needs_none(self):
        folds = list(KFold(3).split(X))
        actual = cross_val_score(AUTOENCODER, X, cv=KFold(3))
        expected = by_hand(AUTOENCODER, folds, r2_by_hand)
        assert_allclose(actual, expected, atol=1e-5)


class TestTextLabelsWithUnlabeledSamples:
    """One flat array cannot hold text and -1; numpy makes text of both."""

    MIXED = np.array([TEXT[label] if label >= 0 else -1 for label in LABELS[0]], object)

    @pytest.mark.parametrize(
        "labels",
        [
            [TEXT[np.arange(72) % 3], None],
            [MIXED, None],
            [MIXED.tolist(), None],
            [np.where(MIXED == -1, None, MIXED), None],
        ],
        ids=["task without labels", "object", "list", "None"],
    )
    def test_pack_advises_to_encode_them(self, labels):
        with pytest.raises(TypeError, match=r"text.*integers.*'cat', 'dog', 'owl'"):
            pack(ARRAYS, labels)

    def test_minus_one_as_text_is_refused(self):
        with pytest.raises(TypeError, match=r"'-1'.*mark.*None"):
            pack(ARRAYS, [self.MIXED.astype(str), None])
        flat = X.join([self.MIXED.astype(str), np.full(44, "-1")])
        with pytest.raises(TypeError, match=r"'-1'.*mark.*None"):
            CLASSIFIER.fit(X, flat)
        with pytest.raises(ValueError, match=r"fits failed[\s\S]*'-1'.*mark"):
            cross_val_score(CLASSIFIER, X, flat, cv=3)

    def test_mixed_by_hand_scikit_learn_judges_by_the_first(self):
        flat = np.full(N_SAMPLES, -1, dtype=object)
        flat[TASK == 0] = self.MIXED
        # A first label of text: it sorts all of them, and fails.
        with pytest.raises(TypeError, match="'<' not supported between instances"):
            cross_val_score(CLASSIFIER, X[2:], flat[2:], cv=3)
        # A first -1: it takes them for no classes, and does not stratify.
        actual = cross_val_score(CLASSIFIER, X, flat, cv=3)
        assert_allclose(actual, by_hand(CLASSIFIER, KFold(3).split(X)), atol=1e-6)

    def test_encoded_they_work(self):
        encoder = LabelEncoder().fit(TEXT)
        labels = np.full(72, -1)
        labeled = LABELS[0] != -1
        labels[labeled] = encoder.transform(self.MIXED[labeled])
        packed, y = pack(ARRAYS, [labels, None])
        expected = by_hand(CLASSIFIER, STRATIFIED)
        assert_allclose(cross_val_score(CLASSIFIER, packed, y, cv=3), expected)
        found = clone(CLASSIFIER).fit(packed, y).predict([None, ARRAYS[1]])[1]
        assert set(encoder.inverse_transform(found)) <= set(TEXT)

    def test_without_resampling_they_need_no_encoding(self):
        fitted = clone(CLASSIFIER).fit(ARRAYS, [self.MIXED, None])
        expected = clone(CLASSIFIER).fit(ARRAYS, LABELS)
        assert_array_equal(fitted.classes_, TEXT)
        assert_array_equal(fitted.predict(ARRAYS)[1], TEXT[expected.predict(ARRAYS)[1]])


class TestFoldWithoutATask:
    def test_in_fit(self):
        with pytest.raises(ValueError, match=r"'task1' has no sample.*JointStratified"):
            CLASSIFIER.fit(X[X.task == 0], Y[X.task == 0])

    def test_in_cross_validation(self):
        # Contiguous folds of tasks one after the other: what packing prevents.
        order = np.argsort(X.task, kind="stable")
        sorted_by_task = X[order]
        with pytest.raises(ValueError, match=r"no sample.*JointStratifiedKFold"):
            cross_val_score(
                AUTOENCODER, sorted_by_task, cv=KFold(2), error_score="raise"
            )
        scores = cross_val_score(
            AUTOENCODER, sorted_by_task, cv=JointStratifiedKFold(2)
        )
        assert np.isfinite(scores).all()


class TestScorerWithoutALabeledSample:
    NO_LABEL = r"no labeled sample[\s\S]*JointStratifiedKFold"

    def test_raises(self):
        fitted = clone(CLASSIFIER).fit(ARRAYS, LABELS)
        images, unlabeled = X[X.task == 1], Y[X.task == 1]
        for scorer in (LabeledScorer(), type(fitted).score):
            with pytest.raises(ValueError, match=self.NO_LABEL):
                scorer(fitted, images, unlabeled)
        with pytest.raises(ValueError, match="'task1' has no labeled sample to score"):
            LabeledScorer(task=1)(fitted, X, Y)

    @pytest.mark.parametrize("scoring", [None, LabeledScorer()])
    def test_warns_or_raises_in_cross_validation(self, scoring):
        labeled = np.flatnonzero(Y != -1)
        rest = np.flatnonzero(Y == -1)
        folds = [
            (np.r_[labeled, rest[::2]], rest[1::2]),
            (np.r_[labeled, rest[1::2]], rest[::2]),
        ]
        kwargs = {"cv": folds, "scoring": scoring}
        with pytest.warns(UserWarning, match=self.NO_LABEL):
            scores = cross_val_score(CLASSIFIER, X, Y, **kwargs)
        assert np.isnan(scores).all()
        with pytest.raises(ValueError, match=self.NO_LABEL):
            cross_val_score(CLASSIFIER, X, Y, **kwargs, error_score="raise")

        kwargs["scoring"] = InformationMaximizationScorer()
        assert np.isfinite(cross_val_score(CLASSIFIER, X, Y, **kwargs)).all()
