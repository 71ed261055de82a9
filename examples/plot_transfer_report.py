"""
Did the transfer work?
======================

Nobody has the labels of an unlabeled task, so nobody sees a failure by the accuracy.
:func:`~sk_jae.metrics.transfer_report` looks for signs of failure that need no labels,
and a few labels that are kept out of `fit` give bounds of the accuracy.

One classifier learns three tasks here: digits with labels, other digits without, and
noise, which has nothing to do with digits.
"""

import numpy as np
import pandas as pd

from sk_jae import JointTransferClassifier
from sk_jae.datasets import keep_labels, load_digits_pair
from sk_jae.inspection import HistoryDisplay, TransferDisplay
from sk_jae.metrics import transfer_report

X, truth = load_digits_pair(return_X_y=True)
rng = np.random.default_rng(0)
X["noise"] = rng.integers(256, size=(300, 16, 16), dtype=np.uint8)
y = {"optical": truth["optical"]}

clf = JointTransferClassifier(max_epochs=10, random_state=0).fit(X, y)

# %%
# Signs without labels
# --------------------
# The predictions for the noise are confident, too. What gives them away is that
# neighbors in the noise are not predicted alike.

report = transfer_report(clf, X, y)
print(pd.DataFrame(report).T.drop(columns="warning"))

# %%

TransferDisplay.from_report(report)

# %%
# What no sign can see
# --------------------
# If all samples of two classes were taken for each other, the predictions would be as
# confident, as diverse and as smooth as the right ones. Only labels can tell. Keep 3 to
# 5 per class out of `fit`, chosen at random, and give them as `y_few`.

few = {"pen": keep_labels(truth["pen"], 3, random_state=0)}
report = transfer_report(clf, X, y, y_few=few)
row = report["pen"]
print(
    f"By {row['n_few']} labels of the pen digits, the accuracy is between "
    f"{row['accuracy_low']:.2f} and {row['accuracy_high']:.2f}."
)

TransferDisplay.from_report(report)

# %%
# The terms of the loss
# ---------------------
# The two terms on unlabeled samples start later than the others, as the titles of
# their panels say. Information maximization is negative, and -2 is its best value: the
# entropy of each prediction (0 at best) minus twice that of all of them together (1 at
# best).

HistoryDisplay.from_estimator(clf)
