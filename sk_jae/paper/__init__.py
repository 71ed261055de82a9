"""The nine systems of the paper's supplement as ready estimators.

B. Epstein, R. Meir, T. Michaeli, "Joint autoencoders: a flexible multi-task /
meta-learning framework" (2018). `figure` makes the system with a given number, and each
system also has a function with a name. The estimators are not fitted, and keyword
arguments replace their parameters.

======  =====================  ====================================================
figure  function               system
======  =====================  ====================================================
1       `mnist_autoencoder`    autoencoder; a pair of them is the baseline of 2
2       `mnist_halves`         joint autoencoder for the digits 0-4 and 5-9
3       `cifar10_autoencoder`  autoencoder; a pair of them is the baseline of 4
4       `cifar10_pair`         joint autoencoder for two classes of CIFAR-10
5       `celeba_autoencoder`   autoencoder; a pair of them is the baseline of 6
6       `celeba_pair`          joint autoencoder for two parts of CelebA
7       `mnist_usps`           classifier for MNIST and USPS, either as the source
8       `svhn_mnist`           classifier for SVHN, the source, and MNIST
9       `three_way`            classifier for SVHN, the source, MNIST and USPS
======  =====================  ====================================================

These properties are **from the paper**:

- Adam with a learning rate of 0.001, initial weights after Glorot and Bengio (here
  uniform, with biases of zero), batch sizes, epochs and loss weights (appendix and
  supplement);
- branches of convolutions, max-pooling, fully connected layers and ReLU, which are tied
  only in the bottleneck, and whose last hidden layers are concatenated and followed by
  the output layer (section 3);
- 500 units in these last hidden layers in Figures 1 and 2;
- upsampling and convolution in the decoder for CIFAR-10, and strides for CelebA;
- 1.36 million parameters in Figure 7 and 3 million in Figure 8;
- a pair of autoencoders with as many codes as the joint autoencoder, and a reduced
  joint autoencoder with as many parameters as the pair.

These properties are **our choice**: all other widths, kernels and numbers of codes, and
fully connected decoders for digits. The published figures are pictures whose numbers
could not be recovered. Convolutions have few channels, so that a CPU can train them.

When the paper gives reconstruction 4 times the weight of classification, or the
reverse, it does not say whether errors are summed over the features.
``reconstruction_loss="mse"`` is their mean, as in Keras. For sums, multiply the weight
by the number of features, as in
``figure(7, reconstruction_weight={"mnist": 4 * 28 * 28, "usps": 4 * 16 * 16})``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, overload

from sk_jae.estimators import JointAutoencoder, JointTransferClassifier

from ._autoencoders import (
    celeba_autoencoder,
    celeba_pair,
    cifar10_autoencoder,
    cifar10_pair,
    mnist_autoencoder,
    mnist_halves,
)
from ._classifiers import mnist_halves_transfer, mnist_usps, svhn_mnist, three_way

__all__ = [
    "celeba_autoencoder",
    "celeba_pair",
    "cifar10_autoencoder",
    "cifar10_pair",
    "figure",
    "mnist_autoencoder",
    "mnist_halves",
    "mnist_halves_transfer",
    "mnist_usps",
    "svhn_mnist",
    "three_way",
]

_FIGURES: dict[int, Callable[..., JointAutoencoder | JointTransferClassifier]] = {
    1: mnist_autoencoder,
    2: mnist_halves,
    3: cifar10_autoencoder,
    4: cifar10_pair,
    5: celeba_autoencoder,
    6: celeba_pair,
    7: mnist_usps,
    8: svhn_mnist,
    9: three_way,
}


@overload
def figure(
    number: Literal[1, 2, 3, 4, 5, 6], **parameters: Any
) -> JointAutoencoder: ...
@overload
def figure(number: Literal[7, 8, 9], **parameters: Any) -> JointTransferClassifier: ...
@overload
def figure(
    number: int, **parameters: Any
) -> JointAutoencoder | JointTransferClassifier: ...
def figure(
    number: int, **parameters: Any
) -> JointAutoencoder | JointTransferClassifier:
    """Make the system of one figure of the supplement.

    Parameters
    ----------
    number : int
        Number of the figure, from 1 to 9; see the table at the top of
        :mod:`sk_jae.paper`.
    **parameters : object
        Parameters of the estimator that replace the ones set here, such as
        `random_state` and `device`. Figures 2, 4 and 6 also have `reduced`.

    Returns
    -------
    estimator : JointAutoencoder or JointTransferClassifier
        The estimator, not fitted. Figures 1 to 6 learn without labels, and Figures 7 to
        9 learn with labels.

    Raises
    ------
    ValueError
        If there is no such figure.

    Examples
    --------
    >>> from sk_jae import paper
    >>> jae = paper.figure(2, random_state=0, device="cpu")
    >>> jae.batch_size, jae.max_epochs, jae.random_state
    (256, 10, 0)
    """
    if number not in _FIGURES:
        raise ValueError(
            f"figure must be a number from 1 to 9, because the supplement has nine "
            f"figures, got {number!r}."
        )
    return _FIGURES[number](**parameters)
