"""Scorers for several tasks, which use only labeled samples or no labels at all.

All are callables ``scorer(estimator, X, y)`` for the parameter `scoring` of
scikit-learn's tools. They score pipelines and searches as well as joint estimators, and
higher is better. `transfer_report` is not a scorer; it looks for signs of failure.
"""

from sk_jae.metrics._scorers import (
    EntropyScorer,
    InformationMaximizationScorer,
    LabeledScorer,
    ReverseValidationScorer,
    SoftNeighborhoodDensityScorer,
)
from sk_jae.metrics._transfer_report import transfer_report

__all__ = [
    "EntropyScorer",
    "InformationMaximizationScorer",
    "LabeledScorer",
    "ReverseValidationScorer",
    "SoftNeighborhoodDensityScorer",
    "transfer_report",
]
