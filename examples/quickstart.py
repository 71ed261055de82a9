"""Two sets of digits, one without labels: what sk_jae does, in under a minute.

"optical" are 8x8 images with labels. "pen" are other digits, drawn at 16x16, slanted
and thicker; their labels are used for nothing but the last column of the tables. The
script

1. compresses both with a joint autoencoder, tuned by scikit-learn's GridSearchCV, and
   compares it with independent autoencoders,
2. learns to read the unlabeled digits from the labeled ones,
3. draws what each branch of the network carries,
4. saves the classifier, loads it in a new process and predicts again.

It needs no download and runs on a CPU. Run it from anywhere::

    python examples/quickstart.py
"""

import json
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.model_selection import GridSearchCV

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.datasets import load_digits_pair

# Runs in the new process: it knows the saved classifier and the images, no more.
PREDICT = """
import json, pickle, sys
from sk_jae.datasets import load_digits_pair

with open(sys.argv[1], "rb") as file:
    classifier = pickle.load(file)
X, _ = load_digits_pair(subset="test", return_X_y=True)
print(json.dumps({task: y.tolist() for task, y in classifier.predict(X).items()}))
"""

# A small convolutional network, written as in the paper, so that a CPU will do.
CONVOLUTIONAL = {
    "encoder": "Conv 16x(3x3), BN, MP 2x2, Conv 32x(3x3), BN, MP 2x2, FC 64, BN",
    "decoder": (128,),
    "lr": 0.003,
    "max_epochs": 20,
    "random_state": 0,
}


def tune_autoencoder(X):
    """Choose what to tie, and what to weigh, by the reconstruction of held-out digits.

    No labels are needed. `pack` makes one sequence of samples of the two arrays, which
    is what all of scikit-learn's tools expect.
    """
    autoencoder = JointAutoencoder(
        n_shared=16, n_private=16, encoder=(128,), max_epochs=30, random_state=0
    )
    grid = {
        "shared_depth": [1, -1],
        "reconstruction_weight": [1.0, {"optical": 1.0, "pen": 3.0}],
    }
    X, _ = pack(X)
    search = GridSearchCV(autoencoder, grid, cv=2, refit=False).fit(X)

    print("Joint autoencoder: R^2 of held-out digits in 2-fold cross-validation")
    results = search.cv_results_
    scores = zip(results["params"], results["mean_test_score"], strict=True)
    for params, score in scores:
        chosen = "  <- chosen" if params == search.best_params_ else ""
        weight = params["reconstruction_weight"]
        print(f"  shared_depth={params['shared_depth']:<3}", end="")
        print(f" reconstruction_weight={weight!s:30} {score:.3f}{chosen}")
    return autoencoder.set_params(max_epochs="auto", **search.best_params_)


def compare_reconstructions(joint, X, X_test):
    """Print the errors of joint and of independent autoencoders on held-out digits."""
    # Twice the width is about the number of weights that the joint one has.
    alone = {"n_shared": 0, "n_private": 32, "encoder": (128,), "random_state": 0}
    rows = {
        "joint, codes 16 shared + 16 private": joint,
        "independent, codes 32": JointAutoencoder(**alone),
        "independent, codes 32, twice as wide": JointAutoencoder(
            **{**alone, "encoder": (256,)}
        ),
    }
    print("\nMean squared error per pixel, in [0, 1], of held-out digits")
    print(f"  {'':37}{'parameters':>10}{'optical':>9}{'pen':>9}")
    for name, autoencoder in rows.items():
        autoencoder.fit(X)
        reconstructed = autoencoder.reconstruct(X_test)
        errors = [
            np.mean((reconstructed[task] - X_test[task]) ** 2) / 255**2
            for task in X_test
        ]
        columns = "".join(f"{error:9.4f}" for error in errors)
        print(f"  {name:37}{autoencoder.n_parameters_:10,}{columns}")


def learn_classes(X, y):
    """Train on the labels of the optical digits, and on both sets of images.

    With few private codes and a heavy reconstruction, the shared ones have to hold what
    a digit looks like, and the private ones what is left, such as slant and thickness.
    """
    classifier = JointTransferClassifier(
        n_shared=32, n_private=4, reconstruction_weight=10.0, **CONVOLUTIONAL
    )
    return classifier.fit(X, {"optical": y["optical"], "pen": None})


def compare_accuracies(joint, X, y, X_test, y_test):
    """Print the accuracy on held-out digits, between a lower and an upper reference.

    The references are the same network, trained as long and with the same random maps
    of the images, but not jointly: one branch, no reconstruction. It takes images of
    one size, so the optical digits are enlarged.
    """
    large = {**X, "optical": enlarge(X["optical"])}
    large_test = {**X_test, "optical": enlarge(X_test["optical"])}
    plain = {"n_private": 0, "reconstruction_weight": 0.0, **CONVOLUTIONAL}
    lower = JointTransferClassifier(**plain).fit(large["optical"], y["optical"])
    upper = JointTransferClassifier(**plain).fit(
        np.concatenate([large["optical"], large["pen"]]),
        np.concatenate([y["optical"], y["pen"]]),
    )

    accuracies = {
        "trained on the optical digits alone": {
            task: lower.score(large_test[task], y_test[task]) for task in y_test
        },
        "joint, pen digits without labels": {
            task: joint.score({task: X_test[task]}, {task: y_test[task]})
            for task in y_test
        },
        "trained with the labels of both": {
            task: upper.score(large_test[task], y_test[task]) for task in y_test
        },
    }
    print("\nAccuracy on held-out digits")
    print(f"  {'':37}{'optical':>9}{'pen':>9}")
    for name, row in accuracies.items():
        print(f"  {name:37}{row['optical']:9.3f}{row['pen']:9.3f}")


def enlarge(images):
    """8x8 images at 16x16, every pixel four times."""
    return images.repeat(2, axis=1).repeat(2, axis=2)


def draw_reconstructions(classifier, X, y, path):
    """Draw one digit of each class and what the branches make of it."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print('\nFor a picture of reconstructions: pip install ".[plot]", run again.')
        return
    digits = {
        task: X[task][[np.flatnonzero(y[task] == digit)[0] for digit in range(10)]]
        for task in X
    }
    rows = {
        "input": digits,
        "reconstruction": classifier.reconstruct(digits),
        "private only": classifier.reconstruct(digits, codes="private"),
        "shared only": classifier.reconstruct(digits, codes="shared"),
        "translated": {
            "optical": classifier.translate(digits["optical"], "optical", "pen"),
            "pen": classifier.translate(digits["pen"], "pen", "optical"),
        },
    }
    titles = {
        "optical": "optical: 8x8, labeled (translated to pen)",
        "pen": "pen: 16x16, no labels (translated to optical)",
    }
    # A Figure of its own, without pyplot, opens no window and needs no screen.
    figure = Figure(figsize=(16, 4.5), layout="constrained")
    for part, (task, title) in zip(
        figure.subfigures(1, 2), titles.items(), strict=True
    ):
        part.suptitle(title)
        axes = part.subplots(len(rows), 10)
        for i, (name, images) in enumerate(rows.items()):
            for j, image in enumerate(images[task]):
                axes[i, j].imshow(image, cmap="gray_r", vmin=0, vmax=255)
                axes[i, j].set(xticks=[], yticks=[])
            axes[i, 0].set_ylabel(name, rotation=0, ha="right", va="center")
    figure.savefig(path, dpi=100)
    print(f"\nReconstructions drawn in {path}")


def save_and_reload(classifier, X):
    """Pickle the classifier and let a new process predict with it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "classifier.pickle")
        path.write_bytes(pickle.dumps(classifier))
        kilobytes = path.stat().st_size / 1000
        command = [sys.executable, "-c", PREDICT, str(path)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    elsewhere = json.loads(answer.stdout)
    here = classifier.predict(X)
    n_equal = sum(int(np.sum(here[task] == elsewhere[task])) for task in here)
    n_samples = sum(len(part) for part in here.values())
    print(f"\nSaved ({kilobytes:.0f} kB) and loaded in a new process: ", end="")
    print(f"{n_equal} of {n_samples} predictions are equal")
    if n_equal < n_samples:
        raise SystemExit("The reloaded classifier predicts differently.")


def main():
    start = time.perf_counter()
    # More threads do not help networks this small, and hurt on a busy machine.
    torch.set_num_threads(1)
    X, y = load_digits_pair(subset="train", return_X_y=True)
    X_test, y_test = load_digits_pair(subset="test", return_X_y=True)
    for task in X:
        print(f"{task:8} {X[task].shape} to learn from, {X_test[task].shape} held out")
    print()

    autoencoder = tune_autoencoder(X)
    compare_reconstructions(autoencoder, X, X_test)
    classifier = learn_classes(X, y)
    compare_accuracies(classifier, X, y, X_test, y_test)
    draw_reconstructions(classifier, X_test, y_test, Path("quickstart.png"))
    save_and_reload(classifier, X_test)
    print(f"\nDone in {time.perf_counter() - start:.0f} seconds.")


if __name__ == "__main__":
    main()
