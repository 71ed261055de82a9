"""The terms on unlabeled samples, with all that they can be combined with."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sk_jae import JointTransferClassifier
from tests.helpers.small import CONV, SMALL, make_tasks

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
    shapes = {"dense": [(6,), (4,), (5,)], "conv": [(8, 8), (7, 9), (3, 8, 9)]}[kind]
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
        for row, other in zip(clf.history_, plain.history_, strict=True):
            assert {**row, "dur": 0} == {**other, "dur": 0}
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
        _, one_off = passes(kind, y, consistency_weight=[1.0, 0.0])
        assert one_off.n_samples == one_off.n_draws
