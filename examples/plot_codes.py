"""
Codes, reconstructions and translations
=======================================

A joint autoencoder has a private branch for each task and a shared one for all of them.
This tutorial compresses two sets of digits, of 8x8 and of 16x16 pixels, without any
labels, and looks at what each branch carries.
"""

from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from sk_jae import JointAutoencoder
from sk_jae.datasets import load_digits_pair
from sk_jae.inspection import (
    CodesDisplay,
    HistoryDisplay,
    ReconstructionDisplay,
    TranslationDisplay,
)

X, y = load_digits_pair(return_X_y=True)
X_test, y_test = load_digits_pair(subset="test", return_X_y=True)

jae = JointAutoencoder(
    n_shared=24, n_private=8, shared_depth="auto", max_epochs=60, random_state=0
)
jae.fit(X)
print(f"R^2 of the reconstruction of digits not seen before: {jae.score(X_test):.3f}")

# %%
# What each branch carries
# ------------------------
# The rows are the input, its reconstruction, and what is left if the last hidden layer
# of one branch is set to zero.

ReconstructionDisplay.from_estimator(jae, X_test)

# %%
# Translation
# -----------
# A digit is encoded as one task and decoded as the other. Only its shared code is used.
# Here nothing has told which digits of the two tasks are alike, so hardly any of the
# translations can be read. Samples that belong together tell it:
# :ref:`sphx_glr_auto_examples_plot_pairs.py`.

TranslationDisplay.from_estimator(
    jae, X_test["optical"], source="optical", target="pen"
)

# %%
# The codes
# ---------
# ``transform`` returns one array of codes per task, the columns of the shared ones
# first. Without labels in `fit`, nothing has pulled the classes of the tasks to the
# same place: :doc:`plot_transfer` shows what does.

codes = jae.transform(X_test)
print(
    {task: z.shape for task, z in codes.items()}, jae.get_feature_names_out()[[0, -1]]
)
CodesDisplay.from_estimator(jae, X_test, y_test)

# %%
# Codes are features for any other model.

accuracy = cross_val_score(
    LogisticRegression(max_iter=1000), codes["pen"], y_test["pen"]
)
print(f"Logistic regression on the codes of the pen digits: {accuracy.mean():.3f}")

# %%
# The history
# -----------

HistoryDisplay.from_estimator(jae)
