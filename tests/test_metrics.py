"""The scorers against scikit-learn and plain numpy on one task at a time."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    fbeta_score,
    log_loss,
    make_scorer,
    roc_auc_score,
)
from sklearn.model_selection import (
    GridSearchCV,
    PredefinedSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from sk_jae import JointArrays, JointAutoencoder, JointTransferClassifier, pack
from sk_jae.metrics import (
    EntropyScorer,
    InformationMaximizationScorer,
    LabeledScorer,
    ReverseValidationScorer,
    SoftNeighborhoodDensityScorer,
)
from sk_jae.model_selection import JointStratifiedKFold
from sk_jae.preprocessing import PerTask

SMALL = {
    "n_shared": 4,
    "n_private": 2,
    "encoder": (16,),
    "lr": 0.01,
    "max_epochs": 8,
    "random_state": 0,
}
NAMES = ("many", "few", "none")
F2 = make_scorer(fbeta_score, beta=2, average="macro")

# What each scorer is on true labels, predictions and probabilities of one task.
BY_HAND = {
    "accuracy": lambda y, p, proba: accuracy_score(y, p),
    "balanced_accuracy": lambda y, p, proba: balanced_accuracy_score(y, p),
    "f1_macro": lambda y, p, proba: f1_score(y, p, average="macro"),
    "roc_auc_ovr": lambda y, p, proba: roc_auc_score(y, proba, multi_class="ovr"),
    "neg_log_loss": lambda y, p, proba: -log_loss(y, proba),
    F2: lambda y, p, proba: fbeta_score(y, p, beta=2, average="macro"),
}

LABEL_FREE = [
    EntropyScorer,
    InformationMaximizationScorer,
    SoftNeighborhoodDensityScorer,
]


def forms_of(X, y):
    """The same tasks and labels in every form that holds several tasks."""
    named = dict(zip(NAMES, X, strict=True))
    labels = dict(zip(NAMES, y, strict=True))
    return {
        "list": (X, y),
        "tuple": (tuple(X), tuple(y)),
        "dict": (named, labels),
        "joint": pack(X, y),
        "joint-named": pack(named, labels),
        "dataframes": ([pd.DataFrame(x).add_prefix("f") for x in X], y),
    }


FORMS = ["list", "tuple", "dict", "joint", "joint-named", "dataframes"]


@pytest.fixture(scope="module")
def data():
    """Three tasks: all samples labeled, half of them, none."""
    rng = np.random.default_rng(0)
    truth = [np.arange(n) % 3 for n in (60, 36, 24)]
    X = [
        rng.normal(size=(len(y), width)) + 1.5 * np.eye(3, width)[y]
        for y, width in zip(truth, (4, 6, 5), strict=True)
    ]
    few = np.where(np.arange(36) < 18, truth[1], -1)
    return X, [truth[0], few, None]


@pytest.fixture(scope="module")
def forms(data):
    return forms_of(*data)


@pytest.fixture(scope="module")
def fitted(forms):
    """One classifier for each form."""
    return {
        form: JointTransferClassifier(**SMALL).fit(X, y)
        for form, (X, y) in forms.items()
    }


def by_hand(name, estimator, X, y, task):
    mask = y[task] != -1
    predicted = estimator.predict(X)[task][mask]
    proba = estimator.predict_proba(X)[task][mask]
    return BY_HAND[name](y[task][mask], predicted, proba)


@pytest.mark.parametrize("name", list(BY_HAND), ids=str)
def test_labeled_scorer_is_the_mean_over_labeled_tasks(name, data, fitted):
    X, y = data
    expected = np.mean([by_hand(name, fitted["list"], X, y, t) for t in (0, 1)])
    assert LabeledScorer(name)(fitted["list"], X, y) == pytest.approx(expected)


@pytest.mark.parametrize("name", list(BY_HAND), ids=str)
@pytest.mark.parametrize("task", [0, 1, "task1"])
def test_labeled_scorer_of_one_task(name, task, data, fitted):
    X, y = data
    position = 1 if task == "task1" else task
    expected = by_hand(name, fitted["list"], X, y, position)
    scorer = LabeledScorer(name, task=task)
    assert scorer(fitted["list"], X, y) == pytest.approx(expected)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("task", [None, 0, 1])
@pytest.mark.parametrize("name", ["accuracy", "neg_log_loss"])
def test_labeled_scorer_takes_every_form(form, task, name, data, forms, fitted):
    scorer = LabeledScorer(name, task=task)
    expected = scorer(fitted[form], *data)
    assert scorer(fitted[form], *forms[form]) == pytest.approx(expected)


def test_labeled_scorer_of_all_tasks_is_the_score_of_the_classifier(forms, fitted):
    for form, estimator in fitted.items():
        X, y = forms[form]
        assert LabeledScorer()(estimator, X, y) == estimator.score(X, y)


def test_labeled_scorer_names_tasks(forms, fitted):
    X, y = forms["dict"]
    by_name = LabeledScorer(task="few")(fitted["dict"], X, y)
    assert by_name == LabeledScorer(task=1)(fitted["dict"], X, y)
    only = LabeledScorer()(fitted["dict"], {"few": X["few"]}, {"few": y["few"]})
    assert only == by_name


def test_labeled_scorer_of_one_bare_array(data):
    X, y = data[0][0], data[1][0]
    estimator = JointTransferClassifier(**SMALL).fit(X, y)
    expected = balanced_accuracy_score(y, estimator.predict(X))
    scorer = LabeledScorer("balanced_accuracy")
    assert scorer(estimator, X, y) == pytest.approx(expected)
    assert scorer(estimator, X.tolist(), y) == pytest.approx(expected)
    # -1 and 1 of a bare array are two classes.
    estimator.fit(X, np.where(y == 1, 1, -1))
    expected = f1_score(np.where(y == 1, 1, -1), estimator.predict(X), average="macro")
    assert LabeledScorer("f1_macro")(estimator, X, np.where(y == 1, 1, -1)) == expected


def test_labeled_scorer_with_labels_of_text(data):
    X, (y, few, _) = data
    words = np.array(["one", "two", "three"])
    y_text = [words[y], np.where(few < 0, -1, words[few].astype(object)), None]
    estimator = JointTransferClassifier(**SMALL).fit(X, y_text)
    mask = few != -1
    expected = f1_score(
        words[few[mask]], estimator.predict(X)[1][mask].astype(str), average="macro"
    )
    scorer = LabeledScorer("f1_macro", task=1)
    assert scorer(estimator, X, y_text) == pytest.approx(expected)


def test_labeled_scorer_sees_only_the_classes_of_a_task():
    """Without, a metric of probabilities would not fit the labels of either task."""
    rng = np.random.default_rng(0)
    y = [np.arange(60) % 3, 3 + np.arange(40) % 2]
    X = [
        rng.normal(size=(60, 4)) + 2 * np.eye(3, 4)[y[0]],
        rng.normal(size=(40, 3)) + 2 * np.eye(2, 3)[y[1] - 3],
    ]
    estimator = JointTransferClassifier(**SMALL).fit(X, y)
    three, two = estimator.predict_proba(X)
    expected = [
        roc_auc_score(y[0], three[:, :3], multi_class="ovr"),
        roc_auc_score(y[1], two[:, 4]),
    ]
    for t in (0, 1):
        scorer = LabeledScorer("roc_auc_ovr", task=t)
        assert scorer(estimator, X, y) == pytest.approx(expected[t])
    # By the decision function, of which a binary classifier has one column.
    assert LabeledScorer("roc_auc", task=1)(estimator, X, y) == pytest.approx(
        expected[1]
    )


def test_labeled_scorer_without_labels_raises(data, fitted):
    X, y = data
    with pytest.raises(ValueError, match="'task2' has no labeled sample"):
        LabeledScorer(task=2)(fitted["list"], X, y)
    with pytest.raises(ValueError, match="no labeled sample in any task"):
        LabeledScorer()(fitted["list"], X, [None, None, None])
    with pytest.raises(ValueError, match="no labeled sample in any task"):
        LabeledScorer()(fitted["list"], X, [None, np.full(36, -1), None])
    with pytest.raises(ValueError, match="y is None"):
        LabeledScorer()(fitted["list"], X, None)


@pytest.mark.parametrize("scorer", [LabeledScorer, *LABEL_FREE])
@pytest.mark.parametrize("task", [3, "usps"])
def test_unknown_task_raises(scorer, task, data, fitted):
    with pytest.raises(ValueError, match=rf"task={task!r} .*'task0'"):
        scorer(task=task)(fitted["list"], *data)


@pytest.mark.parametrize(
    "scorer", [LabeledScorer, *LABEL_FREE, ReverseValidationScorer]
)
def test_unfitted_estimator_raises(scorer, data):
    with pytest.raises(sklearn.exceptions.NotFittedError):
        scorer()(JointTransferClassifier(), *data)


def test_a_metric_is_not_a_scorer(data, fitted):
    with pytest.raises(ValueError, match="metric function rather than a scorer"):
        LabeledScorer(accuracy_score)(fitted["list"], *data)


class Given(ClassifierMixin, BaseEstimator):
    """Predicts, for two tasks, probabilities that stand in the samples themselves."""

    def fit(self, X, y=None):
        self.classes_ = np.arange(X[0].shape[1])
        self.task_names_ = ("source", "target")
        return self

    def predict_proba(self, X):
        return X


def given(p, other=None):
    p = np.asarray(p, dtype=float)
    X = [p if other is None else np.asarray(other, dtype=float), p]
    return Given().fit(X), X


def entropy(p):
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.nansum(p * np.log(p), axis=-1)


def density(p, temperature=0.05):
    """Soft neighborhood density as its source writes it, sample by sample."""
    found = []
    for i in range(len(p)):
        others = [j for j in range(len(p)) if j != i]
        cosine = np.array(
            [p[i] @ p[j] / np.linalg.norm(p[i]) / np.linalg.norm(p[j]) for j in others]
        )
        q = np.exp(cosine / temperature)
        found.append(entropy(q / q.sum()))
    return np.mean(found)


REFERENCES = {
    EntropyScorer: lambda p: -entropy(p).mean(),
    InformationMaximizationScorer: lambda p: entropy(p.mean(0)) - entropy(p).mean(),
    SoftNeighborhoodDensityScorer: density,
}


@pytest.mark.parametrize("scorer", LABEL_FREE)
@pytest.mark.parametrize("n", [2, 3, 50])
@pytest.mark.parametrize("sharpness", [0.1, 10.0])
def test_label_free_scorers_against_numpy(scorer, n, sharpness):
    p = np.random.default_rng(n).dirichlet(np.full(4, 1 / sharpness), size=n)
    estimator, X = given(p)
    assert scorer(task="target")(estimator, X) == pytest.approx(REFERENCES[scorer](p))


def test_label_free_scorers_at_their_ends():
    certain = np.eye(4)[np.arange(20) % 4]
    same = np.eye(4)[np.zeros(20, dtype=int)]
    unsure = np.full((20, 4), 0.25)

    def score(scorer, p):
        return scorer(*given(p))

    assert score(EntropyScorer(1), certain) == score(EntropyScorer(1), same) == 0
    assert score(EntropyScorer(1), unsure) == pytest.approx(-np.log(4))
    im = InformationMaximizationScorer(1)
    assert score(im, certain) == pytest.approx(np.log(4))
    assert score(im, same) == score(im, unsure) == pytest.approx(0)
    # Of 20 samples in 4 clusters, each has 4 neighbors.
    snd = SoftNeighborhoodDensityScorer(1)
    assert score(snd, certain) == pytest.approx(np.log(4), abs=1e-4)
    assert score(snd, same) == pytest.approx(np.log(19))


def test_soft_neighborhood_density_parameters():
    p = np.random.default_rng(0).dirichlet(np.ones(4), size=30)
    estimator, X = given(p)
    warm = SoftNeighborhoodDensityScorer(1, temperature=0.5)
    assert warm(estimator, X) == pytest.approx(density(p, 0.5))
    some = SoftNeighborhoodDensityScorer(1, max_samples=20)
    chosen = np.array([0, 1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16, 18, 19, 21, 22, 24, 25])
    chosen = np.append(chosen, [27, 28])
    assert some(estimator, X) == pytest.approx(density(p[chosen]))
    with pytest.raises(ValueError, match="at least 2, got 1"):
        SoftNeighborhoodDensityScorer(1)(*given(p[:1]))


@pytest.mark.parametrize("scorer", LABEL_FREE)
def test_label_free_scorers_choose_the_unlabeled_task(scorer):
    rng = np.random.default_rng(0)
    p, q = (rng.dirichlet(np.ones(4), size=n) for n in (30, 20))
    estimator, X = given(p, other=q)
    reference = REFERENCES[scorer]
    labels = np.arange(20) % 4
    both = pytest.approx((reference(p) + reference(q)) / 2)
    assert scorer()(estimator, X) == both
    assert scorer()(estimator, X, [labels, None]) == pytest.approx(reference(p))
    unlabeled = np.full(30, -1)
    assert scorer()(estimator, X, [labels, unlabeled]) == pytest.approx(reference(p))
    assert scorer()(estimator, X, [labels, np.arange(30) % 4]) == both
    assert scorer()(estimator, X, [None, None]) == both
    named = scorer(task="source")
    assert named(estimator, X, [labels, None]) == pytest.approx(reference(q))
    with pytest.raises(ValueError, match="has 3 labels, expected 20"):
        scorer()(estimator, X, [labels[:3], None])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scorer", LABEL_FREE)
def test_label_free_scorers_take_every_form(form, scorer, data, forms, fitted):
    p = fitted[form].predict_proba(data[0])
    for task in (None, 0):
        expected = REFERENCES[scorer](p[2 if task is None else task])
        found = scorer(task=task)(fitted[form], *forms[form])
        assert found == pytest.approx(expected, rel=1e-5)


def reversed_by_hand(estimator, X, y, target, sources, names=None):
    """A second fit, from the target's predictions to the labels of the others."""
    y_back = [None] * len(X)
    y_back[target] = estimator.predict(X)[target]
    back = clone(estimator)
    if names is None:
        back.fit(X, y_back)
    else:
        # The names of the tasks decide the order of their samples.
        back.fit(dict(zip(names, X, strict=True)), {names[target]: y_back[target]})
    scores = []
    for t in sources:
        mask = y[t] != -1
        scores.append(accuracy_score(y[t][mask], back.predict(X)[t][mask]))
    return np.mean(scores)


def test_reverse_validation_by_hand(data, fitted):
    X, y = data
    expected = reversed_by_hand(fitted["list"], X, y, 2, (0, 1))
    assert ReverseValidationScorer()(fitted["list"], X, y) == pytest.approx(expected)
    expected = reversed_by_hand(fitted["list"], X, y, 1, (0,))
    scorer = ReverseValidationScorer("task1")
    assert scorer(fitted["list"], X, y) == pytest.approx(expected)


@pytest.mark.parametrize("form", FORMS)
def test_reverse_validation_takes_every_form(form, data, forms, fitted):
    names = NAMES if form in ("dict", "joint-named") else None
    expected = reversed_by_hand(fitted[form], *data, 2, (0, 1), names)
    found = ReverseValidationScorer()(fitted[form], *forms[form])
    assert found == pytest.approx(expected)


def test_reverse_validation_with_labels_of_text(data, fitted):
    X, (y, few, _) = data
    words = np.array(["a", "b", "c"])
    y_text = [words[y], np.where(few < 0, -1, words[few].astype(object)), None]
    estimator = JointTransferClassifier(**SMALL).fit(X, y_text)
    expected = ReverseValidationScorer()(fitted["list"], X, [y, few, None])
    assert ReverseValidationScorer()(estimator, X, y_text) == expected


def test_reverse_validation_of_one_class_for_all(data):
    """Then the way back can only say that class, too."""
    X, y = data
    estimator = Constant().fit(X, y)
    # A third of the labels in each task.
    assert ReverseValidationScorer()(estimator, X, y) == pytest.approx(1 / 3)


class Constant(ClassifierMixin, BaseEstimator):
    """Predicts class 1 for every sample of a list of tasks."""

    def fit(self, X, y):
        self.classes_ = np.arange(3)
        return self

    def predict(self, X):
        return [None if x is None else np.ones(len(x), dtype=int) for x in X]


def test_reverse_validation_does_not_change_the_estimator(data, fitted):
    X, y = data
    before = fitted["list"].predict_proba(X)
    ReverseValidationScorer()(fitted["list"], X, y)
    for p, q in zip(fitted["list"].predict_proba(X), before, strict=True):
        np.testing.assert_array_equal(p, q)


def test_reverse_validation_needs_one_target_and_a_source(data, fitted):
    X, y = data
    with pytest.raises(ValueError, match="found 2 tasks"):
        ReverseValidationScorer()(fitted["list"], X, [y[0], None, None])
    with pytest.raises(ValueError, match=r"labeled samples of another task .*'task0'"):
        ReverseValidationScorer(0)(fitted["list"], X, [y[0], None, None])
    with pytest.raises(ValueError, match=r"task='few' .*'task0'"):
        ReverseValidationScorer("few")(fitted["list"], X, y)
    estimator = JointTransferClassifier(**SMALL).fit(X[0], y[0])
    with pytest.raises(ValueError, match="labeled samples of another task"):
        ReverseValidationScorer()(estimator, X[0], y[0])


def test_a_fold_without_the_target_raises(data, fitted):
    """The default of the splitter keeps unlabeled samples out of test folds."""
    X, y = pack(*data)
    for _, test in JointStratifiedKFold(2).split(X, y):
        for scorer in (EntropyScorer(), ReverseValidationScorer(2)):
            with pytest.raises(ValueError, match=r"'task2'.*test_unlabeled=True"):
                scorer(fitted["joint"], X[test], y[test])


SCORING = {
    "accuracy": LabeledScorer(),
    "f1_few": LabeledScorer("f1_macro", task="few"),
    "log_loss": LabeledScorer("neg_log_loss", task=0),
    "own": LabeledScorer(F2),
    "entropy": EntropyScorer(),
    "im": InformationMaximizationScorer(),
    "snd": SoftNeighborhoodDensityScorer("none"),
    "reverse": ReverseValidationScorer(),
}


@pytest.mark.parametrize("routing", [False, True])
def test_in_cross_validate(routing, forms):
    X, y = forms["joint-named"]
    cv = JointStratifiedKFold(2, test_unlabeled=True)
    with sklearn.config_context(enable_metadata_routing=routing):
        found = cross_validate(
            JointTransferClassifier(**SMALL),
            X,
            y,
            cv=cv,
            scoring=SCORING,
            return_estimator=True,
            return_indices=True,
            error_score="raise",
        )
    for i, estimator in enumerate(found["estimator"]):
        test = found["indices"]["test"][i]
        for name, scorer in SCORING.items():
            expected = scorer(estimator, X[test], y[test])
            assert found[f"test_{name}"][i] == pytest.approx(expected)


def test_in_a_search_with_two_processes(forms):
    X, y = forms["joint-named"]
    search = GridSearchCV(
        JointTransferClassifier(**SMALL),
        {"reconstruction_weight": [0.1, 10.0]},
        scoring=SCORING,
        refit="im",
        cv=JointStratifiedKFold(2, test_unlabeled=True),
        error_score="raise",
    )
    alone = clone(search).fit(X, y)
    pair = clone(search).set_params(n_jobs=2).fit(X, y)
    for name in SCORING:
        key = f"mean_test_{name}"
        np.testing.assert_allclose(
            pair.cv_results_[key], alone.cv_results_[key], rtol=1e-6
        )
    best = np.argmax(alone.cv_results_["mean_test_im"])
    assert alone.best_index_ == pair.best_index_ == best
    # The fitted search itself can be scored, and scores with the scorer of refit.
    assert alone.score(X, y) == InformationMaximizationScorer()(alone, X, y)
    expected = InformationMaximizationScorer()(alone.best_estimator_, X, y)
    assert alone.score(X, y) == expected


def test_as_the_single_scoring_of_cross_val_score(forms):
    X, y = forms["joint"]
    cv = PredefinedSplit(np.arange(len(X)) % 2)
    estimator = JointTransferClassifier(**SMALL)
    found = cross_val_score(estimator, X, y, cv=cv, scoring=LabeledScorer())
    expected = []
    for train, test in cv.split():
        expected.append(
            clone(estimator).fit(X[train], y[train]).score(X[test], y[test])
        )
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("scorer", SCORING.values(), ids=list(SCORING))
def test_scorers_pickle_and_clone(scorer, forms, fitted):
    X, y = forms["dict"]
    expected = scorer(fitted["dict"], X, y)
    copies = [pickle.loads(pickle.dumps(scorer)), clone(scorer, safe=False)]
    for copy in copies:
        assert vars(copy).keys() == vars(scorer).keys()
        assert copy(fitted["dict"], X, y) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scorer", "expected"),
    [
        (LabeledScorer("f1_macro", task="a"), "LabeledScorer('f1_macro', task='a')"),
        (EntropyScorer(1), "EntropyScorer(task=1)"),
        (ReverseValidationScorer(), "ReverseValidationScorer(task=None)"),
    ],
)
def test_repr(scorer, expected):
    assert repr(scorer) == expected


@pytest.mark.parametrize("form", FORMS)
def test_scorers_see_through_a_pipeline(form, forms):
    X, y = forms[form]
    pipeline = make_pipeline(
        PerTask(StandardScaler()), JointTransferClassifier(**SMALL)
    )
    pipeline.fit(X, y)
    inner_X = pipeline[0].transform(X)
    for name, scorer in SCORING.items():
        if form == "joint-named" or name not in ("f1_few", "snd", "reverse"):
            expected = scorer(pipeline[-1], inner_X, y)
            assert scorer(pipeline, X, y) == pytest.approx(expected)


def test_reverse_validation_refits_the_whole_pipeline(data):
    pipeline = make_pipeline(
        PerTask(StandardScaler()), JointTransferClassifier(**SMALL)
    )
    pipeline.fit(*data)
    expected = reversed_by_hand(pipeline, *data, 2, (0, 1))
    assert ReverseValidationScorer()(pipeline, *data) == pytest.approx(expected)


def test_scorers_of_codes_with_a_classifier_behind(forms):
    X, y = forms["joint"]
    codes = JointAutoencoder(**SMALL)
    pipeline = make_pipeline(codes, SelfTrainingClassifier(LogisticRegression()))
    pipeline.fit(X, y)
    for t in (0, 1):
        rows = (X.task == t) & (y != -1)
        expected = f1_score(y[rows], pipeline.predict(X)[rows], average="macro")
        scorer = LabeledScorer("f1_macro", task=t)
        assert scorer(pipeline, X, y) == pytest.approx(expected)
    p = pipeline.predict_proba(X)[X.task == 2]
    assert EntropyScorer()(pipeline, X, y) == pytest.approx(-entropy(p).mean())


def test_a_container_with_its_tasks_in_another_order(data, forms, fitted):
    turned = JointArrays(dict(reversed([*zip(NAMES, data[0], strict=True)])))
    p = fitted["joint-named"].predict_proba(forms["dict"][0])
    found = EntropyScorer("few")(fitted["joint-named"], turned)
    assert found == pytest.approx(-entropy(p["few"]).mean(), rel=1e-5)
