"""Figures 7 to 9, and Figure 2 with classes."""

from __future__ import annotations

from typing import Any

from sk_jae.estimators import JointTransferClassifier

from ._autoencoders import MNIST, TIED, UNSCALED

# Figures 7 to 9 have the same encoder, so that Figure 9 can join the branches of the
# other two. Its widths and windows had the best results on held-out training digits.
_DIGITS = "Conv 16x(5x5), MP 3x3 stride 2, Conv 64x(3x3), MP 3x3 stride 2, FC 96, FC 96"
_MNIST_USPS = {"encoder": _DIGITS, "decoder": "FC 169"}
_SVHN_MNIST = {"encoder": _DIGITS, "decoder": "FC 181"}


def mnist_halves_transfer(**parameters: Any) -> JointTransferClassifier:
    """Figure 2 with classes, for the transfer between the halves and for Table 2.

    Batch size, epochs and loss weights are those of `mnist_usps`, because the paper
    does not give them for this experiment.

    Parameters
    ----------
    **parameters : object
        Parameters of :class:`~sk_jae.JointTransferClassifier` that replace the ones set
        here.

    Returns
    -------
    estimator : JointTransferClassifier
        With ``strategy="common-branch"`` it is trained as in the first procedure of the
        paper (section 3), and with another `shared_depth` as in Table 2.

    Examples
    --------
    >>> from sk_jae import paper
    >>> clf = paper.mnist_halves_transfer(shared_depth=2)
    >>> clf.shared_depth, clf.n_shared_layers
    (2, 1)
    """
    return _classifier(parameters, MNIST, (16, 16), (4.0, 1.0))


def mnist_usps(**parameters: Any) -> JointTransferClassifier:
    """Figure 7: the classifier for MNIST and USPS, either of which is the source.

    Parameters
    ----------
    **parameters : object
        Parameters of :class:`~sk_jae.JointTransferClassifier` that replace the ones set
        here.

    Returns
    -------
    estimator : JointTransferClassifier
        From the paper: 1.36 million parameters (section 4), batches of 64, 10 epochs,
        and 4 times the weight of classification for reconstruction (appendix). Our
        choice: a classifier on the shared codes and, for each task, one on both codes.

    Examples
    --------
    >>> from sk_jae import paper
    >>> clf = paper.mnist_usps()
    >>> clf.reconstruction_weight, clf.classification_weight
    (4.0, 1.0)
    """
    return _classifier(parameters, _MNIST_USPS, (128, 128), (4.0, 1.0))


def svhn_mnist(**parameters: Any) -> JointTransferClassifier:
    """Figure 8: the classifier for SVHN, the source, and MNIST.

    Parameters
    ----------
    **parameters : object
        Parameters of :class:`~sk_jae.JointTransferClassifier` that replace the ones set
        here.

    Returns
    -------
    estimator : JointTransferClassifier
        From the paper: 3 million parameters (section 4), batches of 64, 10 epochs, and
        4 times the weight of reconstruction for classification (appendix). Our choice:
        a classifier on the shared codes and, for each task, one on both codes.

    Examples
    --------
    >>> from sk_jae import paper
    >>> clf = paper.svhn_mnist()
    >>> clf.reconstruction_weight, clf.classification_weight
    (1.0, 4.0)
    """
    return _classifier(parameters, _SVHN_MNIST, (128, 128), (1.0, 4.0))


def three_way(**parameters: Any) -> JointTransferClassifier:
    """Figure 9: the classifier for SVHN, the source, MNIST and USPS, in this order.

    It has the branches of Figures 8 and 7 with one shared bottleneck.

    Parameters
    ----------
    **parameters : object
        Parameters of :class:`~sk_jae.JointTransferClassifier` that replace the ones set
        here.

    Returns
    -------
    estimator : JointTransferClassifier
        From the paper: the branches of the earlier systems, one shared bottleneck,
        batches of 64, 20 epochs, and 4 times the weight of reconstruction for
        classification (supplement).

    Examples
    --------
    >>> from sk_jae import paper
    >>> clf = paper.three_way()
    >>> clf.max_epochs, clf.decoder
    (20, ['FC 181', 'FC 181', 'FC 169'])
    """
    earlier = [_SVHN_MNIST, _SVHN_MNIST, _MNIST_USPS]
    layers = {"encoder": _DIGITS, "decoder": [system["decoder"] for system in earlier]}
    return _classifier(parameters, layers, (128, 128), (1.0, 4.0), max_epochs=20)


def _classifier(
    parameters: dict[str, Any],
    layers: dict[str, Any],
    codes: tuple[int, int],
    weights: tuple[float, float],
    max_epochs: int = 10,
) -> JointTransferClassifier:
    paper = {
        **layers,
        **TIED,
        **UNSCALED,
        "n_shared": codes[0],
        "n_private": codes[1],
        "reconstruction_weight": weights[0],
        "classification_weight": weights[1],
        "infomax_weight": 0.0,
        "consistency_weight": 0.0,
        "augmentation": None,
        "labeled_fraction": 0.0,
        "head": "both",
        "batch_size": 64,
        "max_epochs": max_epochs,
        "lr": 0.001,
        "lr_schedule": "constant",
    }
    return JointTransferClassifier(**{**paper, **parameters})
