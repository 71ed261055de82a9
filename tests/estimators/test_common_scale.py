"""Which tables the shared branch reads on one scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.nn import CommonColumns, CommonScale, common_scales
from tests.helpers.small import SMALL, make_tasks, small

# Without the term that pulls predictions to shares, no shares are looked at, which
# would move tables later on.
STAY = small(infomax_weight=0.0)


def tables(n_tasks=2, n_features=4):
    X, y = make_tasks((30, 24, 20)[:n_tasks], [(n_features,)] * n_tasks)
    return [x * (t + 1) + 5 * t**3 for t, x in enumerate(X)], y


def scales(est):
    """The common scale of each task, or None."""
    found = []
    for view in est.module_.views:
        parts = [m for m in view.modules() if isinstance(m, CommonScale)]
        found.append(parts[0] if parts else None)
    return found


def stats(x):
    return x.mean(0), x.std(0)


def check(found, expected):
    assert_allclose(found.offset, expected.offset, rtol=1e-5, atol=1e-6)
    assert_allclose(found.factor, expected.factor, rtol=1e-5)


def test_labeled_and_unlabeled_tables_get_one_scale():
    X, y = tables(3)
    clf = JointTransferClassifier(**STAY).fit(X, [y[0], None, y[2]])
    scale, (other,) = common_scales([stats(X[0]), stats(X[2])], [stats(X[1])], [False])
    for found, expected in zip(scales(clf), (scale, other, scale), strict=True):
        check(found, expected)


def test_columns_with_names_are_scaled_by_their_names():
    X, y = tables()
    first = pd.DataFrame(X[0], columns=list("abcd"))
    second = pd.DataFrame(X[1], columns=list("dbax"))
    clf = JointTransferClassifier(**STAY).fit([first, second], [y[0], None])
    names = list("abd")
    scale, (other,) = common_scales(
        [stats(first[names].to_numpy())], [stats(second[names].to_numpy())], [False]
    )
    for view in clf.module_.views:
        assert isinstance(view[0], CommonColumns)
    check(scales(clf)[0], scale)
    check(scales(clf)[1], other)


@pytest.mark.parametrize(
    "case", ["all labeled", "unequal width", "shared_input", "scaling", "partly"]
)
def test_other_tasks_have_scales_of_their_own(case):
    X, y = tables()
    parameters = {}
    labels = [y[0], None]
    if case == "all labeled":
        labels = y
    elif case == "partly":
        labels = [y[0], np.where(np.arange(len(y[1])) < 6, y[1], -1)]
    elif case == "unequal width":
        X[1] = X[1][:, :3]
    elif case == "shared_input":
        parameters = {"shared_input": None}
    else:
        parameters = {"input_scaling": None}
    clf = JointTransferClassifier(**small(**parameters))
    if case == "unequal width":
        with pytest.warns(UserWarning, match="task1"):
            clf.fit(X, labels)
    else:
        clf.fit(X, labels)
    assert scales(clf) == [None, None]


def test_an_autoencoder_has_no_labels_to_go_by():
    X, _ = tables()
    assert scales(JointAutoencoder(**SMALL).fit(X)) == [None, None]


@pytest.mark.filterwarnings("ignore:The first layers of task 'task1'")
def test_a_table_of_another_width_does_not_count():
    X, y = tables(3)
    X[2] = X[2][:, :3]
    clf = JointTransferClassifier(**STAY).fit(X, [y[0], None, y[2]])
    scale, (other,) = common_scales([stats(X[0])], [stats(X[1])], [False])
    check(scales(clf)[0], scale)
    check(scales(clf)[1], other)
    assert scales(clf)[2] is None


def test_private_branches_and_reconstructions_do_not_see_it():
    X, y = tables()
    clf = JointTransferClassifier(**STAY).fit(X, [y[0], None])
    assert not any(
        isinstance(m, CommonScale) for m in clf.module_.private_encoders.modules()
    )
    shifted = [x + 100 for x in X]
    again = JointTransferClassifier(**STAY).fit(shifted, [y[0], None])
    for own, other in zip(clf.reconstruct(X), again.reconstruct(shifted), strict=True):
        assert_allclose(other - 100, own, atol=1e-2)


def uneven_flowers(seed):
    """Flowers of three kinds with labels, and others of which most are of one kind."""
    X, y = load_iris(return_X_y=True)
    rows = np.random.default_rng(seed).permutation(len(X))
    labeled, others = rows[:75], rows[75:]
    kept = (y[others] == 2) | (np.arange(75) % 5 == 0)
    return X[labeled], y[labeled], X[others[kept]], y[others[kept]]


def seen(clf, t, x, samples):
    """What the shared branch sees of values x of a task, by numpy."""
    scale = scales(clf)[t]
    z = (x - samples.mean(0)) / samples.std(0)
    return (z + scale.offset.numpy()) * scale.factor.numpy()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_tables_that_differ_by_class_shares_alone_have_one_unit(seed):
    X, y, other, _ = uneven_flowers(seed)
    clf = JointTransferClassifier(**SMALL).fit([X, other], [y, None])
    assert_allclose(seen(clf, 0, X, X), seen(clf, 1, X, other), atol=1e-4)
    assert clf.transfer_["task1"]["scale"] == "common"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_another_instrument_is_not_taken_for_other_class_shares(seed):
    X, y, other, _ = uneven_flowers(seed)
    other = np.array([3.0, 0.2, 1.0, 10.0]) * other + 5
    clf = JointTransferClassifier(**SMALL).fit([X, other], [y, None])
    middle = seen(clf, 1, other.mean(0), other) / scales(clf)[1].factor.numpy()
    assert np.abs(middle).max() <= 0.7 + 1e-6
    assert clf.transfer_["task1"]["scale"] == "own"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_uneven_classes_are_read_by_labels_of_even_ones(seed):
    X, y, other, hidden = uneven_flowers(seed)
    clf = JointTransferClassifier(random_state=0).fit([X, other], [y, None])
    plain = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    missed = plain.score(other, hidden) - np.mean(
        clf.predict([None, other])[1] == hidden
    )
    assert missed <= 0.1


def chosen_patients(column):
    """Patients below the median of a column, which is taken away, and those above."""
    X, y = load_breast_cancer(return_X_y=True)
    above = X[:, column] > np.median(X[:, column])
    X = np.delete(X, column, axis=1)
    return X[~above], y[~above], X[above], y[above]


@pytest.mark.parametrize("column", [0, 1, 4, 10, 24])
def test_samples_that_are_chosen_by_a_column_keep_their_units(column):
    X, y, other, _ = chosen_patients(column)
    clf = JointTransferClassifier(**SMALL).fit([X, other], [y, None])
    assert clf.transfer_["task1"]["scale"] == "common"
    assert_allclose(seen(clf, 0, X, X), seen(clf, 1, X, other), atol=2e-3)


def test_chosen_patients_are_read_by_the_labels_of_others():
    X, y, other, hidden = chosen_patients(4)
    plain = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    clf = JointTransferClassifier(random_state=0).fit([X, other], [y, None])
    accuracy = np.mean(clf.predict([None, other])[1] == hidden)
    assert accuracy > plain.score(other, hidden) - 0.05
