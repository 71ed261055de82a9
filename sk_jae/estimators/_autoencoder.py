"""The joint autoencoder as a scikit-learn transformer."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from sk_jae.estimators._base import BaseJointEstimator
from sk_jae.estimators._parameters import (
    Augmentation,
    Coder,
    CodesChoice,
    LayoutChoice,
    LossChoice,
    OptimizerChoice,
    PerTask,
    Precision,
)
from sk_jae.estimators._phases import plan_autoencoder
from sk_jae.estimators._prediction import Predictor
from sk_jae.estimators._sklearn_compat import fit_context
from sk_jae.tasks import check_tasks

__all__ = ["JointAutoencoder"]


class JointAutoencoder(BaseJointEstimator):
    """Joint autoencoder: codes of several data sets, partly common to all.

    Every task, one array of samples, has a private autoencoder of its own and a shared
    one, whose weights are from some depth on the same for all tasks. The last hidden
    layers of both decoders together give the reconstruction. Tasks may differ in their
    number of samples and in their feature shapes; samples are not paired.

    Parameters
    ----------
    n_shared, n_private : int, default=32
        Code sizes (bottleneck widths) of the shared branch and of each task's private
        branch. ``n_shared=0`` gives independent autoencoders, ``n_private=0`` one
        branch for all.
    encoder : "auto", str, tuple of int, callable, or list or dict, default="auto"
        The hidden layers of a branch: a string in the paper's notation such as
        ``"Conv 32x(5x5), MP 2x2, FC 500"`` (see :mod:`sk_jae.architecture`), widths
        like scikit-learn's `hidden_layer_sizes`, or a function that returns either, or
        a list of torch modules, for a feature shape ``(features,)`` or ``(channels,
        height, width)``. "auto" is a dense layer of 128, and for images of more
        than 16,384 values convolutions. A list or dict gives each task its own.
    decoder : "mirror", str, tuple of int, callable, or list or dict of these, \
            default="mirror"
        The hidden layers from the code back; "mirror" reverses the encoder of the
        private branch. The output layer is added.
    shared_depth : int or "auto", default=-1
        The layer at which sharing starts, counted over layers with weights: 1 is the
        first after the input, -1 the bottleneck (the paper's choice), "auto" the
        earliest that the shapes allow.
    n_shared_layers : int or None, default=None
        How many consecutive layers are tied from there; None for all down to and
        including the bottleneck.
    shared_input : "auto", tuple (channels, height, width) or None, default="auto"
        The fixed view of each task's images that the shared branch sees, so that its
        layers can be tied although the shapes differ. "auto" is the largest height and
        width and the common number of channels, else gray; vectors are left alone.
        None leaves all inputs alone (the paper).
    layout : {"auto", "first", "last"}, default="auto"
        Where the channels of images with 4 dimensions are.
    reconstruction_weight : float, or list or dict of float, default=1.0
        w_r of Eq. 1, for all tasks or one per task. 0 leaves the term out.
    reconstruction_loss : {"mse", "bce"} or callable, default="mse"
        Reconstruction loss: mean squared error over the features of a sample; binary
        cross-entropy, for values in [0, 1]; or a function of the two tensors
        (reconstruction, input).
    max_epochs : int or "auto", default="auto"
        Number of epochs, in each phase of training. "auto" makes about 600 updates in
        at most 200 epochs, and beyond 2,000 samples in the largest task more, with the
        square root of their number. An epoch is one pass over the largest task; smaller
        ones are repeated.
    batch_size : int, default=64
        The most samples of each task in a batch.
    lr : float, default=0.001
        Learning rate.
    lr_schedule : {"constant", "cosine"}, default="constant"
        "cosine" lowers the learning rate from epoch to epoch along half a cosine, to
        almost 0 at `max_epochs` (Loshchilov and Hutter 2017), so that the last epoch is
        a good one to end with. A :class:`skorch.callbacks.LRScheduler` among
        `callbacks` takes its place.
    optimizer : {"adam", "adamw", "sgd"} or torch optimizer class, default="adam"
        The optimizer.
    weight_decay : float, default=0.0
        Weight decay of the optimizer.
    early_stopping : bool, default=False
        Whether to hold out `validation_fraction` of every task, stop when the loss
        there has not improved by `tol` for `n_iter_no_change` epochs, and restore the
        weights of the best epoch. Without, training runs for `max_epochs`.
    validation_fraction : float, default=0.1
        Fraction of every task's samples that early stopping holds out.
    n_iter_no_change : int, default=10
        Epochs without improvement after which early stopping stops.
    tol : float, default=1e-4
        The least improvement that early stopping counts.
    augmentation : "auto", callable or None, default=None
        What maps the inputs at random while training: "auto" rotates, scales, shears
        and shifts images by a little and leaves vectors alone; a function takes and
        returns a tensor (n, features) or (n, channels, height, width).
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Precision of training. "auto" is bfloat16 autocast for convolutions on GPUs that
        compute it natively, on CPUs with matrix units for it (AMX) and on AMD's with
        vector instructions for it, else float32. Inference is in float32.
    device : str, default="auto"
        "cpu", "cuda", "cuda:1", "mps"; "auto" takes the first of cuda, mps and cpu
        that there is.
    codes : {"both", "shared", "private"}, default="both"
        The codes that `transform` returns.
    callbacks : list of skorch callbacks, "disable" or None, default=None
        Callbacks of the skorch net, such as :class:`skorch.callbacks.LRScheduler`. They
        get a batch's loss as a tensor, ``on_batch_end(..., loss=...)``, and find all
        terms of an epoch in ``net.history``.
    verbose : int, default=0
        1 prints a line per epoch, 2 shows a progress bar besides.
    warm_start : bool, default=False
        Whether `fit` goes on from where the last one ended: with its weights, the
        state of its optimizer, and its `history_`, which grows. Tasks, classes and
        layers must be as they were.
    random_state : int, RandomState instance or None, default=None
        Decides the initial weights, the order of the samples and the samples held out.
        Global random generators are not touched.

    Attributes
    ----------
    n_tasks_ : int
        Number of tasks.
    task_names_ : tuple of str
        The names of the tasks: the keys of a dict, else "task0", "task1", ...
    feature_shapes_in_ : list or dict of tuple of int
        Shape of one sample of each task.
    n_features_in_ : int
        Number of features; only after `fit` with one bare array.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the features; only after `fit` with one dataframe.
    n_iter_ : int
        Number of epochs run.
    n_parameters_ : int
        Number of trainable values, tied ones counted once.
    loss_curve_ : list of float
        The training loss of each epoch.
    history_ : list of dict
        One dict per epoch with every term of every task in training and, with early
        stopping, validation; ``pandas.DataFrame(est.history_)`` reads well.
    module_ : torch.nn.Module
        The joint module, which works on its own.
    net_ : skorch.NeuralNet
        The net that trained it.

    See Also
    --------
    JointTransferClassifier : Learns classes at the same time.
    sk_jae.pack : Makes several tasks usable in all of scikit-learn's tools.

    References
    ----------
    B. Epstein, R. Meir, T. Michaeli, "Joint autoencoders: a flexible multi-task /
    meta-learning framework", ECML-PKDD 2018, Eq. 1. Codes are linear, the other layers
    have ReLU; weights start Glorot-uniform and biases at zero.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import JointAutoencoder
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(60, 8)), rng.normal(size=(40, 5))]
    >>> jae = JointAutoencoder(n_shared=2, n_private=3, max_epochs=2, random_state=0)
    >>> codes = jae.fit_transform(X)
    >>> [z.shape for z in codes]
    [(60, 5), (40, 5)]
    >>> [x.shape for x in jae.reconstruct(X)]
    [(60, 8), (40, 5)]
    """

    def __init__(
        self,
        *,
        n_shared: int = 32,
        n_private: int = 32,
        encoder: Coder = "auto",
        decoder: Coder = "mirror",
        shared_depth: int | Literal["auto"] = -1,
        n_shared_layers: int | None = None,
        shared_input: tuple[int, int, int] | Literal["auto"] | None = "auto",
        layout: LayoutChoice = "auto",
        reconstruction_weight: PerTask[float] = 1.0,
        reconstruction_loss: LossChoice = "mse",
        max_epochs: int | Literal["auto"] = "auto",
        batch_size: int = 64,
        lr: float = 0.001,
        lr_schedule: Literal["constant", "cosine"] = "constant",
        optimizer: OptimizerChoice = "adam",
        weight_decay: float = 0.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        augmentation: Augmentation = None,
        precision: Precision = "auto",
        device: str = "auto",
        codes: CodesChoice = "both",
        callbacks: list[Any] | Literal["disable"] | None = None,
        verbose: int = 0,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_shared = n_shared
        self.n_private = n_private
        self.encoder = encoder
        self.decoder = decoder
        self.shared_depth = shared_depth
        self.n_shared_layers = n_shared_layers
        self.shared_input = shared_input
        self.layout = layout
        self.reconstruction_weight = reconstruction_weight
        self.reconstruction_loss = reconstruction_loss
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.augmentation = augmentation
        self.precision = precision
        self.device = device
        self.codes = codes
        self.callbacks = callbacks
        self.verbose = verbose
        self.warm_start = warm_start
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Train the joint autoencoder.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like of shape (n_samples, ...)
            One array per task: vectors (n, features) or images (n, height, width),
            (n, channels, height, width) or (n, height, width, channels). A dict names
            its tasks; see :func:`sk_jae.pack` for JointArrays. One bare array is the
            one-task case.
        y : ignored
            Not used, present for API consistency.

        Returns
        -------
        self : JointAutoencoder

        Raises
        ------
        ValueError, TypeError
            Before any training, if the samples or parameters cannot be used. A
            ValueError during training if the loss becomes NaN or infinite.
        """
        inputs, layouts = check_tasks(X, estimator=self, reset=True, layout=self.layout)
        self._fit(X, y, inputs, layouts, plan_autoencoder(self, inputs))
        return self

    def score(self, X: Any, y: Any = None) -> float:
        """Coefficient of determination of the reconstruction, mean over tasks.

        It does not depend on the loss weights, so that a search over them compares
        like with like.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        y : ignored
            Not used, present for API consistency.

        Returns
        -------
        score : float
            R^2 of each task's reconstruction over all its features, averaged over the
            tasks: 1 is perfect, 0 as good as the mean of the samples.
        """
        inputs = self._check_samples(X)
        predictor = Predictor(self._state)
        scores = [
            _r2(predictor, array, t)
            for t, array in enumerate(inputs.arrays)
            if array is not None and len(array)
        ]
        return float(np.mean(scores))


def _r2(predictor: Predictor, array: NDArray[Any], t: int) -> float:
    """R^2 from sums over batches, so that no more than one batch is held."""
    error = squares = total = np.float64(0)
    n = 0
    for x in predictor.batches(array, t):
        other = predictor.apply(x, t, lambda z: predictor.reconstruct(t, z))
        values = x.cpu().numpy().reshape(len(x), -1).astype(np.float64)
        error = error + ((values - other.reshape(len(x), -1)) ** 2).sum()
        squares = squares + (values**2).sum(0)
        total = total + values.sum(0)
        n += len(x)
    variation = (squares - total**2 / n).sum()
    if variation <= 0:
        return 1.0 if error == 0 else 0.0
    return float(1 - error / variation)
