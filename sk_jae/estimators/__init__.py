"""The estimators."""

from sk_jae.estimators._autoencoder import JointAutoencoder
from sk_jae.estimators._classifier import JointTransferClassifier

__all__ = ["JointAutoencoder", "JointTransferClassifier"]
