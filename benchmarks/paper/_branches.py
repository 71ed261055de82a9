"""Figure 2 of the paper: what the shared and the private branches carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.manifold import TSNE

from benchmarks.paper._common import Options, Run, fit_on, mnist, shortened
from sk_jae import paper
from sk_jae.datasets import digit_halves

N_PICTURES = 8


def figure2(options: Options, seed: int) -> Iterator[Run]:
    """The joint autoencoder of MNIST halves: pictures of seed 0, and separation."""
    X, _ = digit_halves(*mnist("train"))
    X_test, y_test = digit_halves(*mnist("test"))

    def measure(estimator: Any) -> dict[str, float]:
        codes = codes_of(estimator, shortened(X_test, options.size(1000)))
        embedded = embed(codes, seed)
        if seed == 0:
            options.folder.mkdir(parents=True, exist_ok=True)
            path = options.folder / "fig2-branches.png"
            show_branches(estimator, X_test, y_test, path)
            show_codes(embedded, options.folder / "fig2-codes.png")
        return separations(codes, "") | separations(embedded, " in t-SNE")

    estimator = options.estimator(paper.mnist_halves, seed)
    train = fit_on(shortened(X, options.size(60000)))
    yield Run("JAE", seed, estimator, train, measure)


def codes_of(estimator: Any, X: dict[str, Any]) -> dict[tuple[str, str], np.ndarray]:
    """The four bottlenecks by (branch, task)."""
    n = estimator.n_shared
    both = estimator.transform(X)
    return {
        (branch, task): codes[:, columns]
        for branch, columns in (("shared", slice(n)), ("private", slice(n, None)))
        for task, codes in both.items()
    }


def embed(codes: dict[Any, np.ndarray], seed: int) -> dict[Any, np.ndarray]:
    """All codes in one plane."""
    ends = np.cumsum([len(values) for values in codes.values()])
    plane = TSNE(random_state=seed).fit_transform(np.concatenate([*codes.values()]))
    return dict(zip(codes, np.split(plane, ends[:-1]), strict=True))


def fisher(a: np.ndarray, b: np.ndarray) -> float:
    """Squared distance of the means by the sum of the variances."""
    between = ((a.mean(0) - b.mean(0)) ** 2).sum()
    return float(between / (a.var(0).sum() + b.var(0).sum()))


def separations(codes: dict[tuple[str, str], np.ndarray], where: str) -> dict:
    """Separation of the tasks in either branch."""
    found = {}
    for branch in ("shared", "private"):
        a, b = (values for (name, _), values in codes.items() if name == branch)
        found[f"{branch}{where}"] = fisher(a, b)
    ratio = found[f"private{where}"] / found[f"shared{where}"]
    return {**found, f"private / shared{where}": ratio}


def show_branches(estimator: Any, X: Any, y: Any, path: Any) -> None:
    """Digits, and their reconstructions by both branches and by each alone."""
    chosen = {}
    for task, labels in y.items():
        firsts = np.array([np.flatnonzero(labels == c)[:2] for c in np.unique(labels)])
        chosen[task] = X[task][firsts.T.ravel()[:N_PICTURES]]
    lines = {"input": chosen}
    for codes in ("both", "shared", "private"):
        lines[codes] = estimator.reconstruct(chosen, codes=codes)
    # A Figure of its own, without pyplot, opens no window and needs no screen.
    figure = Figure(figsize=(2 * N_PICTURES * 0.6, len(lines) * 0.65))
    axes = figure.subplots(len(lines), 2 * N_PICTURES)
    for row, (label, tasks) in zip(axes, lines.items(), strict=True):
        images = np.concatenate([*tasks.values()])
        for axis, image in zip(row, images, strict=True):
            axis.imshow(image, cmap="gray", vmin=0, vmax=255)
            axis.set(xticks=[], yticks=[])
        row[0].set_ylabel(label, rotation=0, ha="right", va="center")
    figure.tight_layout(pad=0.2)
    figure.savefig(path, dpi=150)


def show_codes(embedded: dict[tuple[str, str], np.ndarray], path: Any) -> None:
    figure = Figure(figsize=(6, 6))
    axis = figure.subplots()
    colors = {"shared": ("tab:blue", "tab:cyan"), "private": ("tab:red", "tab:orange")}
    seen = {"shared": 0, "private": 0}
    for (branch, task), points in embedded.items():
        color = colors[branch][seen[branch]]
        seen[branch] += 1
        axis.scatter(*points.T, s=3, color=color, label=f"{branch}, {task}")
    axis.set(xticks=[], yticks=[], title="Codes of held-out digits, t-SNE")
    axis.legend(markerscale=4)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
