"""The estimators."""

from sk_jae.estimators._autoencoder import JointAutoencoder
from sk_jae.estimators._classifier import JointTransferClassifier
from sk_jae.estimators._load import load
from sk_jae.estimators._regressor import JointTransferRegressor

__all__ = [
    "JointAutoencoder",
    "JointTransferClassifier",
    "JointTransferRegressor",
    "load",
]
