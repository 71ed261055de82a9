"""
Pictures of two sizes, one set without labels
=============================================

"optical" digits are pictures of 8x8 pixels, and have labels. "pen" digits are other
digits, drawn with 16x16 pixels, slanted and thicker, and have none. Three classifiers
learn them together:

- by the losses of the paper, with nothing but the bottleneck shared,
- by the same losses, with all layers shared, for pictures brought to one size,
- by default: besides, the predictions for pen digits are to be confident, diverse, and
  the same for a picture that is turned and shifted by a little.
"""

import textwrap
import warnings

import matplotlib.pyplot as plt
from sklearn.base import clone
from sklearn.manifold import TSNE

from sk_jae import JointTransferClassifier
from sk_jae.datasets import load_digits_pair
from sk_jae.inspection import CodesDisplay

X, y = load_digits_pair(return_X_y=True)
X_test, y_test = load_digits_pair(subset="test", return_X_y=True)

paper = {"infomax_weight": 0, "consistency_weight": 0, "augmentation": None}
models = {
    "only the bottleneck shared": {**paper, "shared_depth": -1, "shared_input": None},
    "all layers shared": paper,
    "the defaults": {},
}
classifier = JointTransferClassifier(max_epochs=15, random_state=0)

# %%
# The pictures show the shared codes of digits that no fit has seen, placed by a t-SNE
# that knows neither tasks nor labels. Circles have labels in `fit`, triangles have
# none; the colors are the true classes. Where transfer works, a class lies in one
# place.


def fit_and_draw(name):
    clf = clone(classifier).set_params(**models[name])
    with warnings.catch_warnings(record=True) as given:
        clf.fit(X, {"optical": y["optical"]})
    for warning in given:
        print(textwrap.fill(f"{warning.category.__name__}: {warning.message}", 80))
    accuracy = clf.score({"pen": X_test["pen"]}, {"pen": y_test["pen"]})
    display = CodesDisplay.from_estimator(
        clf, X_test, y_test, transformer=TSNE(random_state=0)
    )
    display.ax_.set_xlabel(f"{name}: accuracy on the unlabeled digits {accuracy:.3f}")


# %%
# With only the bottleneck shared, the classes of the two tasks do not meet. `fit` gives
# a warning of it before it trains, which stands below the picture.

fit_and_draw("only the bottleneck shared")

# %%
# If all layers are shared, what was learned from the labels applies to both tasks.

fit_and_draw("all layers shared")

# %%
# The defaults learn from the unlabeled digits too.

fit_and_draw("the defaults")
plt.show()

# %%
# On real data
# ------------
# Accuracy in % on digits of MNIST and USPS without labels, beside other methods with
# the same network. :doc:`/transfer` has more sets and methods.
#
# .. include:: /transfer.md
#    :parser: myst_parser.sphinx_
#    :start-after: <!-- table: transfer/overview -->
#    :end-before: <!-- end of table -->
