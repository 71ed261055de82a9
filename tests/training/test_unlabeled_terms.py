"""The terms on unlabeled samples, with all that they can be combined with."""

from __future__ import annotations

import math
from collections import Counter
from typing import ClassVar

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sk_jae import JointTransferClassifier
from sk_jae.nn import TaskBatchNorm
from sk_jae.training import timetable
from tests.helpers.documented import documented
from tests.helpers.objective import objective as reference_objective
from tests.helpers.small import CONV, SMALL, make_tasks, small
from tests.helpers.training import Recorder

SIZES = (20, 16, 12)
TERMS = ("reconstruction", "classification", "infomax", "consistency")


def complete(n, first=0):
    return first + np.arange(n) % 3


def partial(n, first=0):
    """Half of the samples have labels."""
    return np.where(np.arange(n) % 6 < 3, complete(n, first), -1)


def few(n):
    """One sample of every class has a label."""
    return np.where(np.arange(n) < 3, complete(n), -1)


LABELS = {
    "one unlabeled": [complete(20), None],
    "two unlabeled": [complete(20), None, None],
    "partially labeled": [partial(20), few(16)],
    "one of each": [complete(20), partial(16), None],
    "all marked as unlabeled": [complete(20), np.full(16, -1)],
    "other classes": [complete(20), partial(16, first=3)],
    "other classes, and unlabeled": [complete(20), complete(16, first=3), None],
    "complete": [complete(20), complete(16)],
}


def jitter(x):
    return x + 0.1 * torch.randn_like(x)


def samples(kind, n_tasks):
    shapes = {"dense": [(6,)] * 3, "conv": [(8, 8), (7, 9), (3, 8, 9)]}[kind]
    return make_tasks(SIZES[:n_tasks], shapes[:n_tasks])[0]


def fit(kind, y, **parameters):
    base = {**SMALL, "augmentation": jitter} if kind == "dense" else CONV
    clf = JointTransferClassifier(**{**base, "max_epochs": 3, **parameters})
    return clf.fit(samples(kind, len(y)), y)


def expected_terms(y, strategy):
    """The terms of each phase, by the names that the history has for them."""
    tasks = range(len(y))
    labeled = [t for t in tasks if y[t] is not None and (y[t] >= 0).any()]
    incomplete = [t for t in tasks if y[t] is None or (y[t] < 0).any()]
    places = {
        "reconstruction": list(tasks),
        "classification": labeled,
        "infomax": incomplete,
        "consistency": incomplete,
    }
    if strategy == "end-to-end":
        phases = {"only": (TERMS, tasks)}
    else:
        source = max(labeled, key=lambda t: (y[t] >= 0).sum())
        along = [source, *(t for t in tasks if t not in labeled)]
        targets = [t for t in labeled if t != source]
        phases = {
            "unsupervised": (TERMS[:1], list(tasks)),
            "source": (TERMS[1:], along),
        }
        if targets:
            phases["target"] = (TERMS[1:], targets)
    return {
        name: {
            f"train_{term}_task{t}" for term in terms for t in places[term] if t in part
        }
        for name, (terms, part) in phases.items()
    }


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("strategy", ["end-to-end", "common-branch"])
@pytest.mark.parametrize("kind", ["dense", "conv"])
@pytest.mark.parametrize("labels", LABELS)
def test_every_term_of_every_task_is_in_the_history(labels, kind, strategy, precision):
    y = LABELS[labels]
    clf = fit(kind, y, strategy=strategy, precision=precision)
    last = {row.get("phase", "only"): row for row in clf.history_}
    for phase, expected in expected_terms(y, strategy).items():
        row = last.pop(phase)
        assert {key for key in row if "_task" in key} == expected
        assert np.isfinite([row[key] for key in expected]).all()
        assert np.isfinite(row["train_loss"])
    assert not last
    for p, class_mask in zip(
        clf.predict_proba(samples(kind, len(y))), clf.task_classes_, strict=True
    ):
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
        assert not p[:, ~np.isin(clf.classes_, class_mask)].any()


class Passes(Callback):
    """Counts the samples of each task that go through the tied layers in training."""

    def on_train_begin(self, net, **kwargs):
        self.n_samples, self.n_draws = Counter(), Counter()
        self.hook = net.module_.tied.register_forward_hook(self.count)

    def count(self, module, args, output):
        if not module.training:
            return  # a look at the predictions
        parts, tasks = args
        for t, part in zip(tasks, parts, strict=True):
            self.n_samples[t] += len(part)

    def on_batch_begin(self, net, batch, **kwargs):
        for t, x in enumerate(batch.inputs):
            self.n_draws[t] += len(x)

    def on_train_end(self, net, **kwargs):
        self.hook.remove()


def passes(kind, y, **parameters):
    watch = Passes()
    return fit(kind, y, callbacks=[watch], **parameters), watch


@pytest.mark.parametrize("kind", ["dense", "conv"])
class TestTheirCost:
    def test_is_nothing_where_every_sample_has_a_label(self, kind):
        y = LABELS["complete"]
        clf, watch = passes(kind, y)
        plain = fit(kind, y, infomax_weight=0.0, consistency_weight=0.0)
        assert watch.n_samples == watch.n_draws
        assert clf.history_ == plain.history_
        weights, others = (c.module_.state_dict() for c in (clf, plain))
        assert all(torch.equal(weights[name], others[name]) for name in weights)

    def test_is_of_the_tasks_with_unlabeled_samples_alone(self, kind):
        _, watch = passes(kind, [complete(20), None])
        assert watch.n_samples[0] == watch.n_draws[0]
        assert watch.n_samples[1] > watch.n_draws[1]

    def test_is_nothing_with_weights_of_zero(self, kind):
        y = [complete(20), None]
        off = {"infomax_weight": 0.0, "consistency_weight": 0.0}
        clf, watch = passes(kind, y, **off)
        assert watch.n_samples == watch.n_draws
        assert not any("infomax" in key for row in clf.history_ for key in row)
        _, one_off = passes(kind, y, **off | {"consistency_weight": [1.0, 0.0]})
        assert one_off.n_samples == one_off.n_draws


UNLABELED_TERMS = ("infomax", "consistency")


def first_epoch(clf, term, task):
    """The first epoch in which the history has a term of a task."""
    name = f"train_{term}_task{task}"
    return next(row["epoch"] for row in clf.history_ if name in row)


def start_at(monkeypatch, start):
    for name in ("START", "START_PLAIN", "CONSISTENCY_START", "FIRST_PART"):
        monkeypatch.setattr(timetable, name, start)


class TestTheirStart:
    Y: ClassVar = [complete(20), None]

    @pytest.mark.parametrize(
        ("kind", "term", "parameters", "text"),
        [
            ("conv", "infomax", {}, "The term starts after {} % of the epochs"),
            ("conv", "infomax", {"consistency_weight": 0.0}, "after {} % otherwise"),
            ("dense", "infomax", {}, "after {} % otherwise"),
            ("conv", "infomax", {"augmentation": None}, "and after {} % without"),
            ("conv", "consistency", {}, "or {} % for images with information"),
            ("conv", "consistency", {"infomax_weight": 0.0}, "and starts after {} %"),
            ("dense", "consistency", {}, "and starts after {} %"),
        ],
    )
    def test_is_after_as_many_epochs_as_is_documented(
        self, kind, term, parameters, text
    ):
        percent = documented(JointTransferClassifier, text)
        clf = fit(kind, self.Y, max_epochs=20, **parameters)
        assert first_epoch(clf, term, 1) == 1 + math.ceil(20 * percent / 100)

    @pytest.mark.parametrize(
        ("start", "expected"), [(0.0, 1), (0.1, 2), (0.35, 5), (0.5, 6), (0.9, 10)]
    )
    def test_is_where_the_timetable_says(self, start, expected, monkeypatch):
        start_at(monkeypatch, start)
        clf = fit("dense", self.Y, max_epochs=10)
        assert [first_epoch(clf, term, 1) for term in UNLABELED_TERMS] == [expected] * 2

    def test_is_counted_in_every_phase_anew(self, monkeypatch):
        start_at(monkeypatch, 0.5)
        clf = fit("dense", self.Y, max_epochs=4, strategy="common-branch")
        rows = [row for row in clf.history_ if row["phase"] == "source"]
        found = ["train_infomax_task1" in row for row in rows]
        assert found == [False, False, True, True]

    def test_is_never_in_the_validation(self, monkeypatch):
        start_at(monkeypatch, 0.0)
        clf = fit("dense", self.Y, early_stopping=True)
        row = clf.history_[-1]
        assert "train_infomax" in row
        assert "valid_reconstruction" in row
        assert not [k for k in row if k.startswith("valid_") and "infomax" in k]
        assert not [k for k in row if k.startswith("valid_") and "consistency" in k]


def test_the_mean_of_an_epoch_counts_every_sample_once(monkeypatch):
    """Batches differ in size; without learning, their terms can be computed later."""
    start_at(monkeypatch, 0.0)
    recorder = Recorder()
    X, _ = make_tasks((5, 5), ((6,), (4,)))
    # The classes are equally frequent, which infomax supposes then.
    y = [np.array([0, 1, 2, 0, 1]), np.array([2, 0, 1, -1, -1])]
    clf = JointTransferClassifier(
        **small(
            batch_size=3,
            lr=1e-12,
            max_epochs=1,
            labeled_fraction=0.0,
            loss_scaling=None,
            augmentation=lambda x: 2 * x,
            callbacks=[recorder],
        )
    ).fit(X, y)
    assert [len(batch) for batch in recorder.batches] == [2, 3]
    sums, counts = Counter(), Counter()
    for batch in recorder.batches:
        _, terms = reference_objective(
            clf.module_.state_dict(),
            batch,
            {
                "reconstruction": (1, 1),
                "classification": (1, 1),
                "infomax": (0, 1),
                "consistency": (0, 1),
            },
            augment=(lambda x: 2 * x,) * 2,
            progress=0.0,
            start=0.0,
            training=True,
        )
        for key, (value, n) in terms.items():
            sums[key] += n * float(value)
            counts[key] += n
    (row,) = clf.history_
    assert len(counts) == 6
    for (term, t), total in sums.items():
        found = row[f"train_{term}_task{t}"]
        assert found == pytest.approx(total / counts[term, t], rel=1e-4), (term, t)


@pytest.mark.parametrize("strategy", ["end-to-end", "common-branch"])
def test_the_statistics_of_a_task_are_known_before_its_terms_start(strategy):
    y = [complete(20), None]
    clf = fit("conv", y, max_epochs=1, reconstruction_weight=0.0, strategy=strategy)
    norms = [m for m in clf.module_.modules() if isinstance(m, TaskBatchNorm)]
    means = [norm.running_mean for norm in norms if len(norm.running_mean) == 2]
    assert means
    assert all((rows[1] != 0).any() for rows in means)
