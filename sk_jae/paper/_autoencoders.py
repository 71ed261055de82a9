"""Figures 1 to 6: systems that learn without labels."""

from __future__ import annotations

from typing import Any

from sk_jae.estimators import JointAutoencoder

MNIST = {
    "encoder": "Conv 4x(5x5), MP 2x2, Conv 8x(5x5), MP 2x2, FC 256, FC 128",
    "decoder": "FC 128, FC 500",
}
_MNIST_REDUCED = {
    "encoder": "Conv 3x(5x5), MP 2x2, Conv 6x(5x5), MP 2x2, FC 181, FC 91",
    "decoder": "FC 91, FC 258",
}
_CIFAR10 = {"encoder": "Conv 8x(3x3), MP 2x2, Conv 8x(3x3), MP 2x2, FC 256"}
_CIFAR10_REDUCED = {"encoder": "Conv 6x(3x3), MP 2x2, Conv 6x(3x3), MP 2x2, FC 187"}
_CELEBA = {"encoder": "Conv 16,5,2, Conv 32,5,2, Conv 64,5,2, FC 256"}
_CELEBA_REDUCED = {"encoder": "Conv 11,5,2, Conv 23,5,2, Conv 45,5,2, FC 184"}

# Only the bottleneck is tied, and both branches receive the images unchanged.
TIED = {"shared_depth": -1, "n_shared_layers": 1, "shared_input": None}
# The samples, the weights and the terms of the loss as they are, and no terms of pairs.
UNSCALED = {
    "input_scaling": None,
    "loss_scaling": None,
    "weight_decay": 0.0,
    "pairing_weight": 0.0,
}


def mnist_autoencoder(**parameters: Any) -> JointAutoencoder:
    """Figure 1: the autoencoder for MNIST; a pair is the baseline of Figure 2.

    Fitted to several tasks, it has one independent autoencoder per task. Each has the
    layers of one branch of `mnist_halves`, and as many codes as both its branches.

    Parameters
    ----------
    **parameters : object
        Parameters of :class:`~sk_jae.JointAutoencoder` that replace the ones set here.

    Returns
    -------
    estimator : JointAutoencoder
        From the paper: batches of 256 and 10 epochs (appendix).

    Examples
    --------
    >>> from sk_jae import paper
    >>> paper.mnist_autoencoder().n_private
    32
    """
    return _autoencoder(parameters, MNIST, (0, 32), batch_size=256)


def mnist_halves(*, reduced: bool = False, **parameters: Any) -> JointAutoencoder:
    """Figure 2: the joint autoencoder for the digits 0-4 and 5-9.

    Parameters
    ----------
    reduced : bool, default=False
        Whether to reduce the widths until there are as many parameters as in a pair of
        `mnist_autoencoder`. The widths are divided by the square root of 2, and that of
        the last hidden layer by about 2, because the output layer keeps its width.
    **parameters : object
        Parameters of :class:`~sk_jae.JointAutoencoder` that replace the ones set here.
        With a `shared_depth` from 1 to 4, another layer is tied instead of the
        bottleneck, which is the fifth.

    Returns
    -------
    estimator : JointAutoencoder
        From the paper: batches of 256, 10 epochs, equal weights (appendix), and five
        layers that can be tied (Table 2).

    Examples
    --------
    >>> from sk_jae import paper
    >>> jae, reduced = paper.mnist_halves(), paper.mnist_halves(reduced=True)
    >>> jae.decoder, reduced.decoder
    ('FC 128, FC 500', 'FC 91, FC 258')
    """
    layers = _MNIST_REDUCED if reduced else MNIST
    return _autoencoder(parameters, layers, (16, 16), batch_size=256)


def cifar10_autoencoder(**parameters: Any) -> JointAutoencoder:
    """Figure 3: the autoencoder for CIFAR-10; a pair is the baseline of Figure 4.

    Fitted to several tasks, it has one independent autoencoder per task. Each has the
    layers of one branch of `cifar10_pair`, and as many codes as both its branches.

    Parameters
    ----------
    **parameters : object
        Parameters of :class:`~sk_jae.JointAutoencoder` that replace the ones set here.

    Returns
    -------
    estimator : JointAutoencoder
        From the paper: batches of 128, 10 epochs, and decoding by upsampling and
        convolution (appendix).

    Examples
    --------
    >>> from sk_jae import paper
    >>> paper.cifar10_autoencoder().n_private
    128
    """
    return _autoencoder(parameters, _CIFAR10, (0, 128), batch_size=128)


def cifar10_pair(*, reduced: bool = False, **parameters: Any) -> JointAutoencoder:
    """Figure 4: the joint autoencoder for two classes of CIFAR-10.

    Parameters
    ----------
    reduced : bool, default=False
        Whether to divide the widths by the square root of 2, so that there are as many
        parameters as in a pair of `cifar10_autoencoder`.
    **parameters : object
        Parameters of :class:`~sk_jae.JointAutoencoder` that replace the ones set here.

    Returns
    -------
    estimator : JointAutoencoder
        From the paper: batches of 128, 10 epochs, equal weights, and decoding by
        upsampling and convolution (appendix).

    Examples
    --------
    >>> from sk_jae import paper
    >>> paper.cifar10_pair(reduced=True).encoder
    'Conv 6x(3x3), MP 2x2, Conv 6x(3x3), MP 2x2, FC 187'
    """
    layers = _CIFAR10_REDUCED if reduced else _CIFAR10
    return _autoencoder(parameters, layers, (64, 64), batch_size=128)


def celeba_autoencoder(**parameters: Any) -> JointAutoencoder:
    """Figure 5: the autoencoder for CelebA; a pair is the baseline of Figure 6.

    Fitted to several tasks, it has one independent autoencoder per task. Each has the
    layers of one branch of `celeba_pair`, and as many codes as both its branches.

    Parameters
    ----------
    **parameters : object
        Parameters of :class:`~sk_jae.JointAutoencoder` that replace the ones set here.

    Returns
    -------
    estimator : JointAutoencoder
        It is made for color images of 64 x 64 pixels. From the paper: batches of 64, 30
        epochs, and strided convolutions (supplement).

    Examples
    --------
    >>> from sk_jae import paper
    >>> paper.celeba_autoencoder().n_private
    128
    """
    return _autoencoder(parameters, _CELEBA, (0, 128), batch_size=64, max_epochs=30)


def celeba_pair(*, reduced: bool = False, **parameters: Any) -> JointAutoencoder:
    """Figure 6: the joint autoencoder for two parts of CelebA.

    Parameters
    ----------
    reduced : bool, default=False
        Whether to divide the widths by the square root of 2, so that there are as many
        parameters as in a pair of `celeba_autoencoder`.
    **parameters : object
        Parameters of :class:`~sk_jae.JointAutoencoder` that replace the ones set here.

    Returns
    -------
    estimator : JointAutoencoder
        It is made for color images of 64 x 64 pixels. From the paper: batches of 64, 30
        epochs, equal weights, and strided convolutions (supplement).

    Examples
    --------
    >>> from sk_jae import paper
    >>> paper.celeba_pair().encoder
    'Conv 16,5,2, Conv 32,5,2, Conv 64,5,2, FC 256'
    """
    layers = _CELEBA_REDUCED if reduced else _CELEBA
    return _autoencoder(parameters, layers, (64, 64), batch_size=64, max_epochs=30)


def _autoencoder(
    parameters: dict[str, Any],
    layers: dict[str, str],
    codes: tuple[int, int],
    *,
    batch_size: int,
    max_epochs: int = 10,
) -> JointAutoencoder:
    paper = {
        **layers,
        **TIED,
        **UNSCALED,
        "n_shared": codes[0],
        "n_private": codes[1],
        "batch_size": batch_size,
        "max_epochs": max_epochs,
    }
    return JointAutoencoder(**{**paper, **parameters})
