"""Runs of the paper's experiments with labels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np

from benchmarks.paper._common import (
    Options,
    Run,
    accuracy,
    accuracy_in,
    fit_on,
    mnist,
    usps,
)
from sk_jae import paper
from sk_jae.datasets import digit_halves, keep_labels, load_svhn

BUDGETS = (5, 10, 25, 50)
QUICK_BUDGETS = (10,)
HALVES = {"0-4": "5-9", "5-9": "0-4"}
# Training samples of each task with MNIST and USPS, and with the subset of SVHN.
SMALL = {"mnist": 2000, "usps": 1800}
WITH_SVHN = {"svhn": 9082, "mnist": 9082, "usps": 7291}
# The paper does not say how many labels of the target Table 2 has.
TABLE_2_BUDGET = 10
# Epochs after which the freezing test freezes.
SATURATED = 4

Tasks = tuple[dict[str, Any], dict[str, Any]]


def halves(options: Options, seed: int, source: str) -> Tasks:
    """2,000 labeled samples of the source and 500 of the target."""
    X, y = digit_halves(*mnist("train"))
    rng = np.random.default_rng(seed)
    for name in (source, HALVES[source]):
        n = options.size(2000 if name == source else 500)
        rows = rng.choice(len(X[name]), n, replace=False)
        X[name], y[name] = X[name][rows], y[name][rows]
    return X, y


def half_transfer(options: Options, seed: int) -> Iterator[Run]:
    """Transfer between halves of MNIST, common-branch and end-to-end."""
    X_test, y_test = map(options.tested, digit_halves(*mnist("test")))
    for strategy in ("common-branch", "end-to-end"):
        for source, target in HALVES.items():
            name = f"{{{source}}} → {{{target}}}"
            estimator = options.estimator(
                paper.mnist_halves_transfer, seed, strategy=strategy
            )
            train = fit_on(*halves(options, seed, source))
            measure = accuracy_in(name, target, X_test[target], y_test[target])
            yield Run(strategy, seed, estimator, train, measure, part=name)


def table2(options: Options, seed: int) -> Iterator[Run]:
    """Depth of the one layer that is tied."""
    X_test, y_test = map(options.tested, digit_halves(*mnist("test")))
    for source, target in HALVES.items():
        train = fit_on(*halves(options, seed, source))
        for depth in range(1, 6):
            estimator = options.estimator(
                paper.mnist_halves_transfer, seed, shared_depth=depth
            )
            column = f"depth {depth}"
            measure = accuracy_in(column, target, X_test[target], y_test[target])
            row = f"MNIST {{{source}}} → {{{target}}}"
            yield Run(row, seed, estimator, train, measure, part=column)
    for source, target in (("mnist", "usps"), ("usps", "mnist")):
        X, y = digits(options, seed, source, [target], TABLE_2_BUDGET)
        # The third layer sees images of different sizes.
        for depth in (1, 2, 4, 5):
            estimator = options.estimator(paper.mnist_usps, seed, shared_depth=depth)
            column = f"depth {depth}"
            measure = accuracy_in(column, target, *test_set(options, target))
            row = f"{source.upper()} → {target.upper()}"
            data = {"labels per class": TABLE_2_BUDGET}
            yield Run(row, seed, estimator, fit_on(X, y), measure, column, data)


@cache
def svhn(subset: str) -> Any:
    return load_svhn(subset=subset, return_X_y=True)


def test_set(options: Options, task: str) -> tuple[Any, Any]:
    X, y = {"mnist": mnist, "usps": usps}[task]("test")
    n = options.size(len(X))
    return X[:n], y[:n]


def digits(
    options: Options, seed: int, source: str, targets: list[str], n_labels: int
) -> Tasks:
    """Tasks with all labels of the source and `n_labels` per class of each target."""
    loaders = {"svhn": svhn, "mnist": mnist, "usps": usps}
    sizes = WITH_SVHN if source == "svhn" else SMALL
    rng = np.random.default_rng(seed)
    X, y = {}, {}
    for name in [name for name in loaders if name in (source, *targets)]:
        images, labels = loaders[name]("train")
        n = min(len(images), options.size(sizes[name]))
        rows = rng.choice(len(images), n, replace=False)
        X[name], y[name] = images[rows], labels[rows]
        if name in targets:
            there = np.unique(y[name], return_counts=True)[1].min()
            few = min(n_labels, there) if options.quick else n_labels
            y[name] = keep_labels(y[name], few, random_state=seed)
    return X, y


def figure3(source: str, target: str, options: Options, seed: int) -> Iterator[Run]:
    """A few labels of the target: the JAE, and what the paper does not compare."""
    make = paper.svhn_mnist if source == "svhn" else paper.mnist_usps
    one_branch = {
        "n_shared": 256,
        "n_private": 0,
        "shared_depth": "auto",
        "n_shared_layers": None,
        "shared_input": "auto",
        "head": "shared",
    }
    for budget in QUICK_BUDGETS if options.quick else BUDGETS:
        X, y = digits(options, seed, source, [target], budget)
        labeled = y[target] >= 0
        alone = {target: X[target][labeled]}, {target: y[target][labeled]}
        # As many updates as the others have.
        batch = make().batch_size
        largest = max(map(len, X.values()))
        updates = make().max_epochs * -(-largest // batch)
        epochs = -(-updates // -(-int(labeled.sum()) // batch))
        weight = make().reconstruction_weight
        summed = {name: weight * images[0].size for name, images in X.items()}
        estimator = partial(options.estimator, make, seed)
        runs = {
            "JAE": (estimator(), (X, y)),
            "target labels alone": (
                estimator(
                    n_shared=0,
                    n_private=256,
                    head="auto",
                    reconstruction_weight=0.0,
                    max_epochs=epochs,
                ),
                alone,
            ),
            "labels of both, no reconstruction": (
                estimator(**one_branch, reconstruction_weight=0.0),
                (X, y),
            ),
            "nothing shared": (
                estimator(n_shared=0, n_private=256, head="auto"),
                (X, y),
            ),
            "all shared": (estimator(**one_branch), (X, y)),
            "JAE, errors summed over pixels": (
                estimator(reconstruction_weight=summed),
                (X, y),
            ),
        }
        for row, (model, tasks) in runs.items():
            column = f"{budget} per class"
            measure = accuracy_in(column, target, *test_set(options, target))
            yield Run(row, seed, model, fit_on(*tasks), measure, part=column)


def freezing(options: Options, seed: int) -> Iterator[Run]:
    """What the source's reconstruction alone still does to the target's accuracy."""
    X, y = digits(options, seed, "mnist", ["usps"], 50)
    before: dict[str, float] = {}

    def train(estimator: Any) -> Any:
        epochs = estimator.max_epochs
        estimator.set_params(warm_start=True, max_epochs=min(SATURATED, epochs))
        estimator.fit(X, y)
        before["at the freeze"] = accuracy(
            estimator, "usps", *test_set(options, "usps")
        )
        estimator.set_params(
            classification_weight=0.0,
            reconstruction_weight={"mnist": 4.0, "usps": 0.0},
            max_epochs=max(epochs - SATURATED, 1),
        )
        return estimator.fit(X, y)

    def measure(estimator: Any) -> dict[str, float]:
        after = accuracy(estimator, "usps", *test_set(options, "usps"))
        return {
            **before,
            "at the end": after,
            "change": after - before["at the freeze"],
        }

    estimator = options.estimator(paper.mnist_usps, seed)
    yield Run("JAE, 50 labels per class", seed, estimator, train, measure)


def three_way(options: Options, seed: int) -> Iterator[Run]:
    """SVHN to MNIST and USPS, at once and one by one."""
    for target in ("mnist", "usps"):
        X, y = digits(options, seed, "svhn", [target], 50)
        estimator = options.estimator(paper.svhn_mnist, seed)
        measure = accuracy_in(target.upper(), target, *test_set(options, target))
        part = target.upper()
        yield Run("two tasks", seed, estimator, fit_on(X, y), measure, part)

    X, y = digits(options, seed, "svhn", ["mnist", "usps"], 50)

    def measure_both(estimator: Any) -> dict[str, float]:
        return {
            target.upper(): accuracy(estimator, target, *test_set(options, target))
            for target in ("mnist", "usps")
        }

    estimator = options.estimator(paper.three_way, seed)
    yield Run("three tasks", seed, estimator, fit_on(X, y), measure_both)
