"""
A search without labels of the target
=====================================

How deep should two tasks share their layers, and how much should reconstruction count,
if one of them has no labels? Nobody can look at the accuracy on the unlabeled task to
decide that. :class:`~sklearn.model_selection.GridSearchCV` scores every candidate by
what there is:

- the accuracy on held-out *optical* digits, whose labels are known,
- how confident and diverse the predictions for held-out *pen* digits are, which needs
  no labels (:class:`~sk_jae.metrics.InformationMaximizationScorer`).

To judge both, it also computes the accuracy on the pen digits, with labels that reach
nothing but this third score: scikit-learn's metadata routing carries them there.
"""

import numpy as np
from sklearn import config_context
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV

from sk_jae import JointTransferClassifier, pack
from sk_jae.datasets import load_digits_pair
from sk_jae.inspection import SearchDisplay
from sk_jae.metrics import InformationMaximizationScorer, LabeledScorer

classifier = JointTransferClassifier(
    encoder="Conv 16x(3x3), BN, MP 2x2, Conv 32x(3x3), BN, MP 2x2, FC 64, BN",
    decoder=(128,),
    n_private=8,
    max_epochs=8,
    device="cpu",
    random_state=0,
)
grid = {
    "reconstruction_weight": [0.1, 1.0, 10.0],
    "shared_depth": [1, 3, -1],  # the first convolution, a dense layer, the bottleneck
}

# %%
# One sequence of samples
# -----------------------
# For scikit-learn, a list of two arrays is a data set of two samples.
# :func:`~sk_jae.pack` makes one sequence of samples of them, and one flat `y`.

X, y = load_digits_pair(return_X_y=True)
packed, labels = pack(X, {"optical": y["optical"], "pen": None})
unseen = {"optical": np.full(len(X["optical"]), -1), "pen": y["pen"]}
_, hidden = pack(X, unseen)
print(packed)

# %%
# The search
# ----------


def accuracy_in_hindsight(y, y_pred, y_hidden):
    """The accuracy on the digits whose labels are hidden from the estimator."""
    chosen = y_hidden != -1
    return np.mean(y_pred[chosen] == y_hidden[chosen])


with config_context(enable_metadata_routing=True):
    scoring = {
        "accuracy on labeled digits": LabeledScorer("accuracy"),
        "information maximization, no labels": InformationMaximizationScorer(),
        "accuracy on unlabeled digits": make_scorer(
            accuracy_in_hindsight
        ).set_score_request(y_hidden=True),
    }
    search = GridSearchCV(classifier, grid, scoring=scoring, refit=False, cv=2)
    search.fit(packed, labels, y_hidden=hidden)

# %%
# The scores
# ----------
# The third panel is what nobody could know. Compare its best candidate, in a frame,
# with those of the first two.

SearchDisplay.from_estimator(
    search, parameters=["shared_depth", "reconstruction_weight"]
)
