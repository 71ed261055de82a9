"""A fit says before it trains that the labels can hardly reach a task without any."""

from __future__ import annotations

import warnings
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.exceptions import TransferWarning
from sk_jae.training import Trainer
from tests.helpers.refusals import assert_has
from tests.helpers.small import CONV, PAPER, equal_weights, make_tasks, small

X, (y, y_other) = make_tasks()
SAME, _ = make_tasks(shapes=((6,), (6,)))
IMAGES, _ = make_tasks(shapes=((8, 8), (9, 8)))
CLASSIFIER = JointTransferClassifier(**small(PAPER))


def named(arrays, *names):
    return [
        pd.DataFrame(a, columns=list(n)) for a, n in zip(arrays, names, strict=True)
    ]


def warned(X, y, **parameters):
    """The texts of the warnings of a fit, which must all be of this kind."""
    est = JointTransferClassifier(**{**PAPER, **parameters})
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        est.fit(X, y)
    assert all(w.category is TransferWarning for w in seen)
    return [str(w.message) for w in seen]


NO_WORD = {
    "both labeled": (X, [y, y_other], {}),
    "a few labels": (X, [y, np.where(np.arange(20) < 3, y_other, -1)], {}),
    "same width": (SAME, [y, None], {}),
    "same width, tied late": (SAME, [y, None], {"shared_depth": -1}),
    "common names": (named(X, "abcdef", "fabx"), [y, None], {}),
    "other order": (named(SAME, "abcdef", "fedcba"), [y, None], {}),
    "an array of the same width": (
        [SAME[0], *named(SAME[1:], "abcdef")],
        [y, None],
        {},
    ),
    "names, but by position": (
        named(SAME, "abcdef", "uvwxyz"),
        [y, None],
        {"shared_input": None},
    ),
    "images": (IMAGES, [y, None], CONV),
    "images and as many features": ([IMAGES[0], np.ones((20, 64))], [y, None], {}),
    "one task": (X[0], y, {}),
    "no shared branch": (X, [y, y_other], {"n_shared": 0}),
}


@pytest.mark.parametrize("name", NO_WORD)
def test_no_word_where_labels_reach_every_task(name):
    X, y, parameters = NO_WORD[name]
    assert warned(X, y, **parameters) == []


OWN = "The first layers of task 'task1' cannot be shared with a labeled task, because"
NAMES = "Give dataframes in which columns with the same meaning have the same name"
WARNED = {
    "other width": (X, {}, [OWN, "the shapes (6,), (4,).", NAMES]),
    "tied late": (X, {"shared_depth": -1}, [OWN]),
    "two phases": (X, {"strategy": "common-branch"}, [OWN]),
    "no common name": (
        named(X, "abcdef", "wxyz"),
        {},
        [OWN, "no column has the same name in all tasks", NAMES],
    ),
    "no common name, same width": (
        named(SAME, "abcdef", "uvwxyz"),
        {},
        [OWN, "no column has the same name in all tasks"],
    ),
    "numbers are no names": (
        [*named(X[:1], "abcdef"), pd.DataFrame(X[1])],
        {},
        [OWN, "the shapes (6,), (4,)."],
    ),
    "names are not looked at": (
        named(X, "abcdef", "abcd"),
        {"shared_input": None},
        [OWN, "the shapes (6,), (4,).", "with shared_input='auto'"],
    ),
    "images and vectors": (
        [IMAGES[0], X[1]],
        {"shared_depth": -1},
        [OWN, "the shapes (1, 8, 8), (4,).", "Give all tasks the same kind of samples"],
    ),
    "images left as they are": (
        IMAGES,
        {**CONV, "shared_input": None},
        [OWN, "(1, 8, 8), (1, 9, 8).", "with shared_input='auto'"],
    ),
    "other encoders": (
        SAME,
        {"encoder": [(8,), (9, 8)]},
        [OWN, "their encoders differ. ", "Give all tasks the same encoder, or"],
    ),
    "one common name": (
        named(X, "abcdef", "fxyz"),
        {},
        [
            "only 1 column in common by name, 'f'",
            "The predictions for task 'task1' rest on nothing else",
            NAMES,
        ],
    ),
}


@pytest.mark.parametrize("name", WARNED)
def test_one_warning_with_the_reason_and_the_remedies(name):
    X, parameters, fragments = WARNED[name]
    (text,) = warned(X, [y, None], **parameters)
    assert_has(text, *fragments)
    assert text.endswith("or label some samples of task 'task1'.")


def test_all_tasks_without_labels_in_one_warning():
    tables = named([*SAME, SAME[1], SAME[1]], "abcdef", "fedcba", "abcdxy", "uvwxyz")
    data = dict(zip("pqrs", tables, strict=True))
    (text,) = warned(data, {"p": y, "q": y_other})
    assert_has(text, "The first layers of tasks 'r', 's' cannot", "of tasks 'r', 's'.")
    data["s"] = SAME[1]
    (text,) = warned(data, {"p": y})
    assert_has(text, "of tasks 'q', 'r', 's'", "columns of task 's' have no names")


def test_samples_marked_as_unlabeled_are_no_labels():
    assert warned(*pack(X, [y, None]))
    assert warned(X, [y, np.full(20, -1)])


def test_the_autoencoder_has_no_labels_to_miss():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        JointAutoencoder(**small()).fit(X)


def test_as_an_error_it_leaves_the_estimator_as_it_was():
    clf = JointTransferClassifier(**small(PAPER)).fit(SAME, [y, None])
    before = dict(vars(clf))
    weights = JointTransferClassifier(**small(PAPER)).fit(SAME, [y, None])
    started = AssertionError("training has started")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=TransferWarning)
        with mock.patch.object(Trainer, "train", side_effect=started):
            for X_new in (X, named(SAME, "abcdef", "uvwxyz")):
                with pytest.raises(TransferWarning):
                    clf.fit(X_new, [y, None])
            new = JointTransferClassifier(**small(PAPER))
            with pytest.raises(TransferWarning):
                new.fit(X, [y, None])
    assert vars(clf) == before
    assert equal_weights(clf, weights)
    assert not [name for name in vars(new) if name.endswith("_") or name == "_state"]


def line_of(call, *args):
    with pytest.warns(TransferWarning) as seen:
        call(*args)
    return {(w.filename, w.lineno) for w in seen}


def test_it_shows_the_line_of_the_user():
    here = __file__, line_of.__code__.co_firstlineno + 2
    assert line_of(CLASSIFIER.fit, X, [y, None]) == {here}
    assert line_of(CLASSIFIER.fit_transform, X, [y, None]) == {here}
    search = GridSearchCV(CLASSIFIER, {"lr": [0.01]}, cv=2)
    assert line_of(search.fit, *pack(X, [y, None])) == {here}


def test_as_an_error_it_ends_a_search():
    search = GridSearchCV(CLASSIFIER, {"lr": [0.01]}, cv=2, error_score="raise")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=TransferWarning)
        with pytest.raises(TransferWarning):
            search.fit(*pack(X, [y, None]))
