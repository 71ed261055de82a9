"""Tune a transfer to unlabeled digits by scikit-learn's GridSearchCV, and see the grid.

"optical" digits (8x8) have labels, "pen" digits (16x16, slanted and thicker) have none.
How deep should the two share their layers, and how much should reconstruction count?
Nobody can look at the accuracy on the pen digits to decide that. The search scores
every candidate by what there is:

- the accuracy on held-out *optical* digits, whose labels are known,
- how confident and diverse the predictions for held-out *pen* digits are, which needs
  no labels (`sk_jae.metrics.InformationMaximizationScorer`).

To judge both, it also computes the accuracy on the pen digits, with labels that reach
nothing but this third score: scikit-learn's metadata routing carries them there.

The picture, plot_grid_search.png, is saved in the current folder. No download; less
than a minute on two cores of a CPU::

    python examples/plot_grid_search.py
"""

import time

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV

from sk_jae import JointTransferClassifier, pack
from sk_jae.datasets import load_digits_pair
from sk_jae.metrics import InformationMaximizationScorer, LabeledScorer

CLASSIFIER = JointTransferClassifier(
    encoder="Conv 16x(3x3), BN, MP 2x2, Conv 32x(3x3), BN, MP 2x2, FC 64, BN",
    decoder=(128,),
    n_private=8,
    lr=0.003,
    max_epochs=10,
    device="cpu",
    random_state=0,
)
GRID = {
    "reconstruction_weight": [0.1, 1.0, 10.0],
    "shared_depth": [1, 3, -1],  # the first convolution, a dense layer, the bottleneck
}
TITLES = {
    "source": "accuracy on optical digits\n(their labels are known)",
    "information": "information maximization on pen digits\n(no labels needed)",
    "hindsight": "accuracy on pen digits\n(nobody could know)",
}


def accuracy_in_hindsight(y, y_pred, y_hidden):
    """The accuracy on the digits whose labels are hidden from the estimator."""
    hidden = y_hidden != -1
    return np.mean(y_pred[hidden] == y_hidden[hidden])


def search_grid(X, y):
    """Cross-validate every candidate on digits of both sets, packed into one."""
    packed, labels = pack(X, {"optical": y["optical"], "pen": None})
    _, hidden = pack(X, {"optical": np.full(len(X["optical"]), -1), "pen": y["pen"]})
    with config_context(enable_metadata_routing=True):
        hindsight = make_scorer(accuracy_in_hindsight).set_score_request(y_hidden=True)
        scoring = {
            "source": LabeledScorer("accuracy"),
            "information": InformationMaximizationScorer(),
            "hindsight": hindsight,
        }
        search = GridSearchCV(
            CLASSIFIER, GRID, scoring=scoring, refit=False, cv=2, n_jobs=2
        )
        return search.fit(packed, labels, y_hidden=hidden).cv_results_


def draw(results, path):
    """Draw a heat map of each score, its best candidate in a frame."""
    rows, columns = GRID["reconstruction_weight"], GRID["shared_depth"]
    # A Figure of its own, without pyplot, opens no window and needs no screen.
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    axes = figure.subplots(1, len(TITLES), sharey=True)
    for ax, (name, title) in zip(axes, TITLES.items(), strict=True):
        scores = results[f"mean_test_{name}"].reshape(len(rows), len(columns))
        ax.imshow(scores, cmap="Blues", aspect="auto")
        middle = (scores.min() + scores.max()) / 2
        for (i, j), score in np.ndenumerate(scores):
            color = "white" if score > middle else "black"
            ax.text(j, i, f"{score:.3f}", ha="center", va="center", color=color)
        i, j = np.unravel_index(scores.argmax(), scores.shape)
        ax.add_patch(
            Rectangle(
                (j - 0.46, i - 0.46), 0.92, 0.92, fill=False, color="darkorange", lw=3
            )
        )
        ax.set_xticks(range(len(columns)), columns)
        ax.set_yticks(range(len(rows)), rows)
        ax.set(title=title, xlabel="shared_depth")
    axes[0].set_ylabel("reconstruction_weight")
    figure.savefig(path, dpi=120)


def main():
    start = time.perf_counter()
    # More threads do not help networks this small, and hurt on a busy machine.
    torch.set_num_threads(1)
    X, y = load_digits_pair(subset="train", return_X_y=True)
    X_test, y_test = load_digits_pair(subset="test", return_X_y=True)

    results = search_grid(X, y)
    draw(results, "plot_grid_search.png")
    print("Scores of all candidates drawn in plot_grid_search.png")

    print("\nChosen by     parameters; accuracy on pen digits, held out from all")
    for name in ("source", "information"):
        chosen = results["params"][results[f"mean_test_{name}"].argmax()]
        best = clone(CLASSIFIER).set_params(**chosen)
        best.fit(X, {"optical": y["optical"], "pen": None})
        accuracy = best.score({"pen": X_test["pen"]}, {"pen": y_test["pen"]})
        print(f"{name:12}  {chosen}; {accuracy:.3f}")
    print(f"\nDone in {time.perf_counter() - start:.0f} seconds.")


if __name__ == "__main__":
    main()
