"""See the codes of two data sets meet, colored by class.

"optical" digits (8x8) have labels, "pen" digits (16x16, slanted and thicker) have none.
Three classifiers learn them together:

- by the losses of the paper, with nothing but the bottleneck shared,
- by the same losses, with all layers shared, for images brought to one size,
- by default: besides, the predictions for pen digits are to be confident, diverse, and
  the same for an image that is turned and shifted by a little.

The picture shows the shared codes of digits that no fit has seen, those of both tasks
placed by one t-SNE, which knows neither tasks nor labels. Where the transfer works, a
class lies in the same place in both rows. No download; less than a minute on two cores
of a CPU. The picture of the README is made by the second line::

    python examples/plot_transfer.py
    python examples/plot_transfer.py --output docs/images/transfer.png
"""

import argparse
import time

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.base import clone
from sklearn.manifold import TSNE

from sk_jae import JointTransferClassifier
from sk_jae.datasets import load_digits_pair

CLASSIFIER = JointTransferClassifier(
    encoder="Conv 16x(3x3), BN, MP 2x2, Conv 32x(3x3), BN, MP 2x2, FC 64, BN",
    decoder=(128,),
    n_private=8,
    lr=0.003,
    max_epochs=15,
    codes="shared",
    device="cpu",
    random_state=0,
)
PAPER = {"infomax_weight": 0, "consistency_weight": 0, "augmentation": None}
MODELS = {
    "bottleneck shared": {**PAPER, "shared_depth": -1, "shared_input": None},
    "all layers shared": PAPER,
    "defaults": {},
}
TASKS = {"optical": "labeled", "pen": "unlabeled"}


def embed(codes):
    """Points in the plane for the codes of both tasks, by one t-SNE."""
    together = np.concatenate([codes[task] for task in TASKS])
    points = TSNE(random_state=0).fit_transform(together)
    parts = np.split(points, [len(codes["optical"])])
    return dict(zip(TASKS, parts, strict=True))


def draw(points, y, accuracies, path):
    """Draw a column per model and a row per task."""
    # A Figure of its own, without pyplot, opens no window and needs no screen.
    figure = Figure(figsize=(10, 6.4), layout="constrained")
    axes = figure.subplots(len(TASKS), len(MODELS), sharex="col", sharey="col")
    for j, model in enumerate(MODELS):
        for i, task in enumerate(TASKS):
            ax = axes[i, j]
            x = points[model][task].T
            dots = ax.scatter(*x, c=y[task], cmap="tab10", vmin=-0.5, vmax=9.5, s=10)
            ax.set_title(f"accuracy {accuracies[model][task]:.3f}", fontsize=10)
            ax.set(xticks=[], yticks=[])
        axes[0, j].annotate(
            model, (0.5, 1.13), xycoords="axes fraction", ha="center", fontsize=12
        )
    for i, (task, known) in enumerate(TASKS.items()):
        axes[i, 0].set_ylabel(f"{task} digits ({known})", fontsize=12)
    figure.colorbar(dots, ax=axes, ticks=range(10), label="digit", shrink=0.6)
    figure.savefig(path, dpi=80)


def main():
    parser = argparse.ArgumentParser(description="Draw the codes of two data sets.")
    parser.add_argument("--output", default="plot_transfer.png", help="the picture")
    path = parser.parse_args().output
    start = time.perf_counter()
    # More threads do not help networks this small, and hurt on a busy machine.
    torch.set_num_threads(1)
    X, y = load_digits_pair(subset="train", return_X_y=True)
    X_test, y_test = load_digits_pair(subset="test", return_X_y=True)

    points, accuracies = {}, {}
    for model, parameters in MODELS.items():
        clf = clone(CLASSIFIER).set_params(**parameters)
        clf.fit(X, {"optical": y["optical"]})
        predicted = clf.predict(X_test)
        accuracies[model] = {t: np.mean(predicted[t] == y_test[t]) for t in TASKS}
        points[model] = embed(clf.transform(X_test))
        scores = ", ".join(f"{t} {a:.3f}" for t, a in accuracies[model].items())
        print(f"{model}: accuracy {scores}")

    draw(points, y_test, accuracies, path)
    print(f"\nShared codes of both tasks drawn in {path}")
    print(f"Done in {time.perf_counter() - start:.0f} seconds.")


if __name__ == "__main__":
    main()
