"""Joint autoencoders for scikit-learn.

Several related data sets, of different sizes and shapes and partly labeled, learned
at once through private and shared branches.
"""

from sk_jae.arrays import JointArrays, pack
from sk_jae.autoencoder import JointAutoencoder
from sk_jae.classifier import JointTransferClassifier

__version__ = "0.1.0"

__all__ = [
    "JointArrays",
    "JointAutoencoder",
    "JointTransferClassifier",
    "pack",
]
