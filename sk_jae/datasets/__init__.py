"""Data sets and the splits of the paper's experiments, as plain numpy arrays.

Images are `uint8` and labels are integers. The loaders verify the files that they read,
by their published checksums where these exist. Importing this module does not import
torchvision; the loaders of published data sets import it when they are called.
"""

from ._celeba import load_celeba
from ._cifar10 import load_cifar10
from ._digits import load_digits_pair
from ._home import get_data_home
from ._mnist import load_mnist
from ._protocols import (
    cifar10_class_pair,
    digit_halves,
    keep_labels,
    load_mnist_usps,
    split_by_class,
)
from ._svhn import load_svhn
from ._usps import load_usps

__all__ = [
    "cifar10_class_pair",
    "digit_halves",
    "get_data_home",
    "keep_labels",
    "load_celeba",
    "load_cifar10",
    "load_digits_pair",
    "load_mnist",
    "load_mnist_usps",
    "load_svhn",
    "load_usps",
    "split_by_class",
]
