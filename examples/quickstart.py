"""Two sets of digits, one without labels: what sk_jae does, in half a minute.

"optical" are pictures of 8x8 pixels with labels. "pen" are other digits, drawn with
16x16 pixels, slanted and thicker, without labels. The script learns to read the pen
digits from the labels of the optical ones, compares that with models that see only the
optical digits, and draws both sets before and after.

It needs no download and runs on a CPU, from anywhere::

    python examples/quickstart.py

The picture of the README is made by::

    python examples/quickstart.py --output docs/images/quickstart.png
"""

import argparse
import time

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from sk_jae import JointTransferClassifier
from sk_jae.datasets import load_digits_pair

SEED = 0
MAX_EPOCHS = 30  # fewer than the default, to be done in half a minute


def at_one_size(X):
    """Both sets with 16x16 pixels: each pixel of the optical digits four times."""
    return {**X, "optical": X["optical"].repeat(2, axis=1).repeat(2, axis=2)}


def as_rows(images):
    return images.reshape(len(images), -1) / 255


def score_logistic_regression(X, y, X_test, y_test):
    """The accuracy of the plain model that one would try first."""
    model = LogisticRegression(max_iter=1000)
    model.fit(as_rows(at_one_size(X)["optical"]), y["optical"])
    return model.score(as_rows(X_test["pen"]), y_test["pen"])


def score_labeled_alone(X, y, X_test, y_test):
    """The accuracy of the same network, which learns nothing from unlabeled digits.

    It has one branch, which takes pictures of one size, and is trained with the same
    random turns and shifts of the pictures.
    """
    network = JointTransferClassifier(
        n_private=0,
        reconstruction_weight=0,
        max_epochs=MAX_EPOCHS,
        random_state=SEED,
    )
    network.fit(at_one_size(X)["optical"], y["optical"])
    return network.score(X_test["pen"], y_test["pen"])


def draw(before, after, accuracy, y, path):
    """Draw the pixels of both sets, and their shared codes beside them.

    t-SNE, which knows neither classes nor tasks, places them in the plane.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print('\nFor a picture of the codes: pip install ".[plot]", and run again.')
        return
    from sklearn.manifold import TSNE

    from sk_jae.inspection import CodesDisplay

    # A Figure of its own, without pyplot, opens no window and needs no screen.
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    titles = {
        "before: the pixels of both sets": before,
        f"after: the shared codes, {accuracy:.1%} of the pen digits right": after,
    }
    for ax, (title, values) in zip(figure.subplots(1, 2), titles.items(), strict=True):
        points = TSNE(max_iter=500, random_state=SEED).fit_transform(
            np.concatenate([*values.values()])
        )
        parts = np.split(points, [len(values["optical"])])
        display = CodesDisplay(points=dict(zip(values, parts, strict=True)), y=y)
        display.plot(ax=ax)
        ax.set_xlabel(title, fontsize=11)
    figure.savefig(path, dpi=100)
    print(f"\nBoth sets before and after, colored by class: {path}")


def main():
    parser = argparse.ArgumentParser(description="Read digits without their labels.")
    parser.add_argument("--output", default="quickstart.png", help="the picture")
    path = parser.parse_args().output
    start = time.perf_counter()
    # More threads do not help networks this small, and hurt on a busy machine.
    torch.set_num_threads(1)
    X, y = load_digits_pair(subset="train", return_X_y=True)
    X_test, y_test = load_digits_pair(subset="test", return_X_y=True)
    print(f"optical: {len(X['optical'])} digits of 8x8 pixels, with labels")
    print(f"pen:     {len(X['pen'])} digits of 16x16 pixels, without labels")

    clf = JointTransferClassifier(max_epochs=MAX_EPOCHS, random_state=SEED)
    clf.fit(X, {"optical": y["optical"], "pen": None})
    accuracies = {
        "logistic regression on optical digits": score_logistic_regression(
            X, y, X_test, y_test
        ),
        "the same network on optical digits": score_labeled_alone(X, y, X_test, y_test),
        "JointTransferClassifier on both": clf.score(
            {"pen": X_test["pen"]}, {"pen": y_test["pen"]}
        ),
    }
    n = len(y_test["pen"])
    print(f"\nAccuracy on {n} pen digits that no fit has seen (one seed):")
    for name, accuracy in accuracies.items():
        print(f"  {name:39}{accuracy:.3f}")

    pixels = {task: as_rows(images) for task, images in at_one_size(X_test).items()}
    shared = {task: z[:, : clf.n_shared] for task, z in clf.transform(X_test).items()}
    draw(pixels, shared, accuracy, y_test, path)
    print(f"\nDone in {time.perf_counter() - start:.0f} seconds.")


if __name__ == "__main__":
    main()
