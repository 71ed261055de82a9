"""
Samples that belong together, and missing measurements
======================================================

The same digits are measured in two ways. A camera takes pictures of 8x8 pixels. A cheap
scanner has only 16 numbers for each digit: how much ink there is in each of its rows
and columns. 200 digits were measured both ways, 400 others by the camera alone, and 300
others by the scanner alone. Only pictures have labels.

A picture and a table have nothing in common that a network could share. What connects
them is that some of their samples belong to the same digit, which `ids` tells.
"""

import warnings

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.exceptions import TransferWarning
from sk_jae.inspection import TranslationDisplay

# %%
# Two kinds of measurements
# -------------------------
# `ids` has the number of the digit that each sample was taken of.

digits = load_digits()
pictures = digits.images
ink = np.hstack([pictures.sum(axis=1), pictures.sum(axis=2)])

order = np.random.default_rng(0).permutation(len(pictures))
both, camera_only, scanner_only, new = np.split(order[:1500], [200, 600, 900])
ids = {
    "camera": np.r_[both, camera_only],
    "scanner": np.r_[both, scanner_only],
}
X = {"camera": pictures[ids["camera"]], "scanner": ink[ids["scanner"]]}
y = {"camera": digits.target[ids["camera"]], "scanner": None}
print({task: samples.shape for task, samples in X.items()})

# %%
# With and without pairs
# ----------------------
# Without `ids`, no label of a picture says anything about a sample of the scanner.
# `fit` warns, and the predictions are a guess. With `ids`, 200 pairs carry the labels
# over. The new digits were measured by the scanner alone.

clf = JointTransferClassifier(max_epochs=30, random_state=0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", TransferWarning)
    accuracy = clf.fit(X, y).score(
        {"scanner": ink[new]}, {"scanner": digits.target[new]}
    )
print(f"Without pairs: {accuracy:.2f}")

clf.fit(X, y, ids=ids)
accuracy = clf.score({"scanner": ink[new]}, {"scanner": digits.target[new]})
print(f"With 200 pairs: {accuracy:.2f}")

# %%
# Is it better than a plain model?
# --------------------------------
# The paired samples of the scanner could have the labels of their pictures. A logistic
# regression that learns from these alone reads new digits as well. Always compare. What
# the joint classifier adds here is the rest of this page.

plain = make_pipeline(StandardScaler(), LogisticRegression())
plain.fit(ink[both], digits.target[both])
print(f"Logistic regression: {plain.score(ink[new], digits.target[new]):.2f}")

# %%
# One prediction per digit
# ------------------------
# Of these new digits, some have both measurements, and others lack one.
# :meth:`~sk_jae.JointTransferClassifier.predict_joint` takes what there is: it averages
# the probabilities over all samples of a digit, and gives one class for each digit, in
# the order in which they come first.

has_picture, has_ink = new[:400], new[200:]
predicted = clf.predict_joint(
    {"camera": pictures[has_picture], "scanner": ink[has_ink]},
    ids={"camera": has_picture, "scanner": has_ink},
)
digit = pd.unique(np.r_[has_picture, has_ink])
measured = np.select(
    [~np.isin(digit, has_ink), ~np.isin(digit, has_picture)],
    ["camera only", "scanner only"],
    "both",
)
print(pd.Series(predicted == digits.target[digit]).groupby(measured).mean().round(2))

# %%
# The two measurements count alike, so that a poor one can make a good one worse. If you
# know that the camera is better, predict by the camera wherever there is a picture.

# %%
# The missing measurement
# -----------------------
# An autoencoder that knows the pairs makes pictures of what the scanner has measured.
# The first block has the 16 numbers, the second one the pictures that are made of them,
# above the true ones.

jae = JointAutoencoder(max_epochs=60, random_state=0).fit(X, ids=ids)
TranslationDisplay.from_estimator(
    jae, ink[new[:8]], source="scanner", target="camera", X_target=pictures[new[:8]]
)

# %%
# On real data
# ------------
# Patients with breast cancer have labels with their mRNA, and miRNA without any label.
# The table has the accuracy in % on the miRNA of other patients, by the number of
# pairs; the number of splits stands in parentheses. :doc:`/pairs` describes the data,
# the terms of the loss, and where plain models are ahead.
#
# .. include:: /pairs.md
#    :parser: myst_parser.sphinx_
#    :start-after: <!-- table: transfer/pairs -->
#    :end-before: <!-- end of table -->
