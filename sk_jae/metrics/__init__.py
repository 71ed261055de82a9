"""Scorers for several tasks: on labeled samples only, or without any labels.

All are callables ``scorer(estimator, X, y)`` for the parameter `scoring` of
scikit-learn's tools, and score pipelines and searches as they do joint estimators;
higher is better. `transfer_report` is no scorer, but looks for signs of failure.
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
