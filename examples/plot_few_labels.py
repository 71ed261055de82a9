"""
A few labels of the new data
============================

Labels are expensive, and some can often be had. This tutorial labels 1, 3 and 10 images
of each digit of the task "pen" and compares two classifiers on digits that neither has
seen: one that learns the two tasks together, and one that learns "pen" alone, by its
few labels and the images without labels.

In `y`, None or -1 marks a sample without a label.
"""

import matplotlib.pyplot as plt
import numpy as np

from sk_jae import JointTransferClassifier
from sk_jae.datasets import keep_labels, load_digits_pair

X, y = load_digits_pair(return_X_y=True)
X_test, y_test = load_digits_pair(subset="test", return_X_y=True)
print({task: images.shape for task, images in X.items()})

# %%
# A fit for each number of labels
# -------------------------------

numbers = [1, 3, 10]
accuracy = {"both tasks together": [], "pen alone": []}
for n in numbers:
    few = keep_labels(y["pen"], n, random_state=0).astype(object)
    few[few == -1] = None
    clf = JointTransferClassifier(max_epochs=10, random_state=0)
    clf.fit(X, {"optical": y["optical"], "pen": few})
    together = clf.score({"pen": X_test["pen"]}, {"pen": y_test["pen"]})
    alone = clf.fit(X["pen"], few).score(X_test["pen"], y_test["pen"])
    accuracy["both tasks together"].append(together)
    accuracy["pen alone"].append(alone)
    print(f"{n:2} labels per digit: together {together:.3f}, alone {alone:.3f}")

# %%
# The fewer labels there are, the more the other task helps.

figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
for (name, values), style in zip(accuracy.items(), ("o-", "^--"), strict=True):
    ax.plot(numbers, values, style, label=name)
ax.set(xlabel="labels per digit of the task 'pen'", ylabel="accuracy", xscale="log")
ax.set_xticks(numbers, map(str, numbers))
ax.legend()

# %%
# Labels to check with
# --------------------
# Some labels are better kept out of `fit`, to judge the result: see
# :doc:`plot_transfer_report`. With 3 of each digit, about 30 samples, the accuracy is
# known within 10 to 20 points.

print(np.bincount(keep_labels(y["pen"], 3) + 1)[1:], "labels of the digits 0 to 9")

# %%
# On real data
# ------------
# Accuracy in % on USPS with 1 to 50 labels per digit, and all labels of MNIST. Rows in
# italics are published figures of other methods. In parentheses stand the number of
# seeds and the processor seconds of a fit.
#
# .. include:: /transfer.md
#    :parser: myst_parser.sphinx_
#    :start-after: <!-- table: transfer/few-labels-mnist-usps -->
#    :end-before: <!-- end of table -->
