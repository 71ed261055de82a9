"""
Two tables with names, gaps and categories
==========================================

Two laboratories have analyzed wines of the same three growers. The first knows the
grower of each wine, the second does not. Their tables differ in what tables usually
differ in: each has columns that the other one lacks, the second has other units, values
are missing, and one column holds categories.

``sk_jae`` takes numbers without gaps. :class:`~sk_jae.preprocessing.PerTask` fits the
usual transformers of scikit-learn to each table by itself, and keeps the names of the
columns, by which the tables are brought together.
"""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_wine
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_jae import JointTransferClassifier
from sk_jae.inspection import CodesDisplay, ReconstructionDisplay
from sk_jae.preprocessing import PerTask

# %%
# The tables
# ----------
# scikit-learn's wines are divided between two laboratories, so that no wine is in both.

rng = np.random.default_rng(0)
wines = load_wine(as_frame=True)
table = wines.data.rename(columns={"od280/od315_of_diluted_wines": "od280/od315"})
table["hue"] = pd.qcut(table["hue"], 3, labels=["brown", "red", "purple"]).astype(
    object
)
grower = wines.target.map(lambda i: f"grower {i}")

order = rng.permutation(len(table))
first = table.iloc[order[:100]].drop(columns=["ash", "magnesium"])
second = table.iloc[order[100:]].drop(columns=["proline", "malic_acid"])
measured = second.select_dtypes("number").columns
second[measured] = 10 * second[measured] + 3  # other units, and an offset

for part in (first, second):
    part.where(rng.random(part.shape) > 0.05, other=np.nan, inplace=True)

print(second.head())

# %%
# From raw tables to predictions
# ------------------------------
# The pipeline is one estimator. ``set_output`` keeps the names of the columns: without
# names, nothing would tell which columns belong together.

columns = make_column_transformer(
    (SimpleImputer(), make_column_selector(dtype_include="number")),
    (
        make_pipeline(
            SimpleImputer(strategy="most_frequent"), OneHotEncoder(sparse_output=False)
        ),
        make_column_selector(dtype_exclude="number"),
    ),
    verbose_feature_names_out=False,
)
pipeline = make_pipeline(
    PerTask(columns).set_output(transform="pandas"),
    JointTransferClassifier(random_state=0),
)
X = {"first": first, "second": second}
y = {"first": grower.loc[first.index], "second": None}
pipeline.fit(X, y)

predicted = pipeline.predict(X)["second"]
truth = grower.loc[second.index]
print(f"Accuracy on the second table: {np.mean(predicted == truth):.2f}")

# %%
# Is it better than a plain model?
# --------------------------------
# Always compare. On 100 wines, whose growers straight lines tell apart, it is not: a
# logistic regression on the columns that both tables have does better, if each table is
# brought to its own scale first. :doc:`/transfer` has the comparison on real tables
# with thousands of rows.

tables = pipeline[:-1].transform(X)
common = tables["first"].columns.intersection(tables["second"].columns)
plain = LogisticRegression()
plain.fit(StandardScaler().fit_transform(tables["first"][common]), y["first"])
predicted = plain.predict(StandardScaler().fit_transform(tables["second"][common]))
print(f"Logistic regression, each on its own scale: {np.mean(predicted == truth):.2f}")

# %%
# What it has learned
# -------------------
# The shared codes of both tables in two dimensions. The names of the growers stand
# where the wines of the first table lie. The wines of the second table, in triangles,
# are colored by their true growers, which the classifier has not seen.

classifier = pipeline[-1]
CodesDisplay.from_estimator(classifier, tables, {"first": y["first"], "second": truth})

# %%
# A row of a heat map is a wine. A table of 13 columns fits into 32 private codes: here
# the private branches alone make nearly all of the reconstruction, and the shared codes
# are left to the classes.

ReconstructionDisplay.from_estimator(classifier, tables)

# %%
# On real data
# ------------
# Accuracy in % on sets without labels, beside a logistic regression with each table on
# its own scale, and beside the best of several methods of skada. :doc:`/data` says more
# about this table. The first three sets are tables.
#
# .. include:: /data.md
#    :parser: myst_parser.sphinx_
#    :start-after: <!-- table: transfer/real-sets -->
#    :end-before: <!-- end of table -->
