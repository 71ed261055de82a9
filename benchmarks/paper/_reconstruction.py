"""Runs of the paper's experiments without labels: Table 0, Table 1, CelebA."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from benchmarks.paper._common import (
    Options,
    Run,
    cifar10,
    fit_on,
    mnist,
    shortened,
    squared_errors,
)
from sk_jae import paper
from sk_jae.datasets import digit_halves, load_celeba, split_by_class

CLASSES = {"airplane": 0, "deer": 4, "horse": 7, "ship": 8}


def table0(options: Options, seed: int) -> Iterator[Run]:
    """Halves of MNIST: training sets of all 60,000, errors on the test sets."""
    X, _ = digit_halves(*mnist("train"))
    X_test, _ = digit_halves(*mnist("test"))
    X, X_test = shortened(X, options.size(60000)), options.tested(X_test)

    def measure(estimator: Any) -> dict[str, float]:
        error = float(np.mean([*squared_errors(estimator, X_test).values()]))
        return {"sum of squares": error, "1000 × mean": 1000 * error / 28**2}

    pair = partial(options.estimator, paper.mnist_autoencoder, seed)
    jae = partial(options.estimator, paper.mnist_halves, seed)
    estimators = {
        "pair of AEs": pair(),
        "pair of AEs, half the code": pair(n_private=16),
        "JAE": jae(),
        "JAE, parameter-matched": jae(reduced=True),
    }
    for row, estimator in estimators.items():
        yield Run(row, seed, estimator, fit_on(X), measure)


def table1(options: Options, seed: int) -> Iterator[Run]:
    """Pairs of CIFAR-10 classes: 5,000 images each, errors on the test sets."""
    X, _ = split_by_class(*cifar10("train"), CLASSES)
    X_test, _ = split_by_class(*cifar10("test"), CLASSES)
    X, X_test = shortened(X, options.size(5000)), options.tested(X_test)

    def measure(pairs: list[tuple[str, str]]) -> Callable[[Any], dict[str, float]]:
        tasks = {name: X_test[name] for name in dict.fromkeys(sum(pairs, ()))}

        def errors_of_pairs(estimator: Any) -> dict[str, float]:
            errors = squared_errors(estimator, tasks)
            return {short(a, b): (errors[a] + errors[b]) / 2 for a, b in pairs}

        return errors_of_pairs

    # Independent autoencoders do not depend on what else is trained, so that one for
    # each class serves all pairs.
    pairs = list(combinations(CLASSES, 2))
    pair = partial(options.estimator, paper.cifar10_autoencoder, seed)
    for row, estimator in {
        "pair of AEs": pair(),
        "pair of AEs, half the code": pair(n_private=64),
    }.items():
        yield Run(row, seed, estimator, fit_on(X), measure(pairs), n_systems=2)
    for row, reduced in {"JAE": False, "JAE, parameter-matched": True}.items():
        for a, b in pairs:
            estimator = options.estimator(paper.cifar10_pair, seed, reduced=reduced)
            train = fit_on({a: X[a], b: X[b]})
            yield Run(row, seed, estimator, train, measure([(a, b)]), part=short(a, b))


def short(a: str, b: str) -> str:
    return f"{a[0]}-{b[0]}".upper()


def celeba(options: Options, seed: int) -> Iterator[Run]:
    """CelebA's women and men: official training and test sets."""
    X, _ = load_celeba(return_X_y=True)
    X_test, _ = load_celeba(subset="test", return_X_y=True)
    X, X_test = shortened(X, options.size(200000)), options.tested(X_test)

    def measure(estimator: Any) -> dict[str, float]:
        return squared_errors(estimator, X_test)

    jae = partial(options.estimator, paper.celeba_pair, seed)
    estimators = {
        "pair of AEs": options.estimator(paper.celeba_autoencoder, seed),
        "JAE": jae(),
        "JAE, parameter-matched": jae(reduced=True),
    }
    for row, estimator in estimators.items():
        yield Run(row, seed, estimator, fit_on(X), measure)
