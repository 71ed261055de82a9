"""The table of scikit-learn's tools in the documentation: which work, and how.

    python -m tests.helpers.tool_matrix

runs every tool and writes the table into `docs/sklearn_tools.md`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFE
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    train_test_split,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from sk_jae import JointTransferClassifier
from sk_jae.preprocessing import PerTask
from tests.helpers.packed import DENSE, TASK, X, Y
from tests.helpers.small import small

PAGE = Path(__file__).parents[2] / "docs" / "sklearn_tools.md"
MARKED = re.compile(r"(?<=<!-- tools -->\n\n).*(?=\n\n<!-- end of tools -->)", re.S)

CLASSIFIER = JointTransferClassifier(**small(DENSE, max_epochs=1))
COMPLETE = np.where(Y == -1, TASK, Y)
GRID = {"n_shared": [2, 3]}
Tool = Callable[[Any, Any], Any]


def fitted(tool: Any) -> Tool:
    """What a tool that is an estimator itself predicts, and the classes it knows."""

    def run(X: Any, y: Any) -> Any:
        found = clone(tool).fit(X, y)
        return np.concatenate([found.predict(X), found.classes_])

    return run


def scores(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Tool:
    """Whether the scores of a function are numbers."""

    def run(X: Any, y: Any) -> Any:
        found = function(CLASSIFIER, X, y, *args, cv=2, error_score="raise", **kwargs)
        values = found["test_score"] if isinstance(found, dict) else found
        assert np.isfinite(np.concatenate([np.ravel(v) for v in values])).all()
        return np.unique(y[y != -1])

    return run


def split(X: Any, y: Any) -> Any:
    X_train, X_test, y_train, _ = train_test_split(X, y, random_state=0)
    return clone(CLASSIFIER).fit(X_train, y_train).predict(X_test)


def permuted(X: Any, y: Any) -> Any:
    found = permutation_test_score(
        CLASSIFIER, X, y, cv=2, n_permutations=2, groups=X.task, random_state=0
    )
    assert np.isfinite(found[0])
    return np.unique(y[y != -1])


def probabilities(X: Any, y: Any) -> Any:
    p = cross_val_predict(CLASSIFIER, X, y, cv=2, method="predict_proba")
    return np.unique(y)[: p.shape[1]]


SEVERAL = [("a", CLASSIFIER), ("b", CLASSIFIER)]
TOOLS: dict[str, Tool] = {
    "`Pipeline`": fitted(make_pipeline(PerTask("passthrough"), CLASSIFIER)),
    "`train_test_split`": split,
    "`cross_validate`": scores(cross_validate),
    "`cross_val_score`": scores(cross_val_score),
    "`cross_val_predict`": lambda X, y: cross_val_predict(CLASSIFIER, X, y, cv=2),
    "`cross_val_predict(method='predict_proba')`": probabilities,
    "`GridSearchCV`": fitted(GridSearchCV(CLASSIFIER, GRID, cv=2)),
    "`RandomizedSearchCV`": fitted(
        RandomizedSearchCV(CLASSIFIER, GRID, n_iter=2, cv=2)
    ),
    "`HalvingGridSearchCV`": fitted(
        HalvingGridSearchCV(
            CLASSIFIER, GRID, cv=2, resource="max_epochs", max_resources=2
        )
    ),
    "`learning_curve`": scores(learning_curve, train_sizes=[0.5, 1.0]),
    "`validation_curve`": scores(
        validation_curve, param_name="n_shared", param_range=[2, 3]
    ),
    "`permutation_test_score`, with `groups=X.task`": permuted,
    "`VotingClassifier`": fitted(VotingClassifier(SEVERAL)),
    "`StackingClassifier`": fitted(StackingClassifier(SEVERAL, cv=2)),
    "`CalibratedClassifierCV`": fitted(CalibratedClassifierCV(CLASSIFIER, cv=2)),
    "`OneVsRestClassifier`": fitted(OneVsRestClassifier(CLASSIFIER)),
    "`OneVsOneClassifier`": fitted(OneVsOneClassifier(CLASSIFIER)),
    "`BaggingClassifier`": fitted(BaggingClassifier(CLASSIFIER, 2)),
    "`AdaBoostClassifier`": fitted(AdaBoostClassifier(CLASSIFIER, n_estimators=2)),
    "`SelfTrainingClassifier`": fitted(SelfTrainingClassifier(CLASSIFIER)),
    "`permutation_importance`": lambda X, y: permutation_importance(
        clone(CLASSIFIER).fit(X, y), X, y, n_repeats=2
    ),
    "`RFE`": fitted(RFE(LogisticRegression())),
}


def works(tool: Tool, y: Any) -> bool:
    """Whether a tool runs, and takes no unlabeled sample for one of a class -1."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seen = tool(X, y)
    except Exception:
        return False
    return -1 not in seen


def verdict(tool: Tool) -> str:
    if works(tool, Y):
        return "works"
    return "needs complete labels" if works(tool, COMPLETE) else "takes the codes only"


def make_table() -> str:
    rows = [f"| {name} | {verdict(tool)} |" for name, tool in TOOLS.items()]
    return "\n".join(
        ["| tool | several tasks, some without labels |", "|---|---|", *rows]
    )


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(MARKED.sub(lambda _: make_table(), text), encoding="utf-8")


if __name__ == "__main__":
    main()
