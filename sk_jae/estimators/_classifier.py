"""The joint autoencoder with classes, as a scikit-learn classifier."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np

from sk_jae.estimators._class_predictions import ClassPredictions
from sk_jae.estimators._parameters import (
    Augmentation,
    ClassifierParameters,
    Coder,
    CodesChoice,
    LayoutChoice,
    LossChoice,
    OptimizerChoice,
    PerTask,
    Precision,
)
from sk_jae.estimators._phases import plan_classifier
from sk_jae.estimators._sklearn_compat import fit_context
from sk_jae.tasks import check_labels, check_tasks

__all__ = ["JointTransferClassifier"]


class JointTransferClassifier(ClassPredictions, ClassifierParameters):
    """Classifier that learns from several data sets at once, labeled or not.

    A joint autoencoder (see :class:`JointAutoencoder`) whose codes are classified at
    the same time, so that tasks with few labels or none learn from the others. It is a
    transformer as well.

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
        height, width)``. "auto" is a dense layer of 128; the shared branch of images,
        from which the classes are learned, has convolutions with batch normalization
        instead. A list or dict gives each task its own.
    decoder : "mirror", str, tuple of int, callable, or list or dict of these, \
            default="mirror"
        The hidden layers from the code back; "mirror" reverses the encoder of the
        private branch. The output layer is added.
    shared_depth : int or "auto", default="auto"
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
    classification_weight : float, or list or dict of float, default=1.0
        w_c of Eq. 2, for all tasks or one per task. 0 leaves the term out.
    infomax_weight : float, or list or dict of float, default=1.0
        Weight of information maximization on tasks with unlabeled samples: their
        predictions become confident each and, with twice the weight, diverse together
        (Gomes et al. 2010, Hu et al. 2017). It begins after 30 % of the epochs, when
        the labeled tasks have taught what to be confident of, and supposes that all
        classes are about as frequent; 0 switches it off.
    consistency_weight : float, or list or dict of float, default=1.0
        Weight of consistency on tasks with unlabeled samples: a confident prediction
        on the plain image (a probability of 0.9 or more) is the target for its
        augmented view (Sohn et al. 2020). It begins with the other.
        Without `augmentation` there is none.
    head : {"auto", "shared", "both"}, default="auto"
        "shared": one classifier on the shared code, tied across tasks; "both": besides
        one per labeled task on both its codes, logits added. "auto" is "both" if no
        task depends on the labels of another, that is if all have complete labels or
        classes of their own, else "shared".
    strategy : {"end-to-end", "common-branch"}, default="end-to-end"
        "end-to-end" trains all terms at once. "common-branch" trains the autoencoders
        first, then the branches of the source (the task with the most labels) up to
        the tied layers on its labels, along with those of tasks without labels, then,
        with these frozen, only the private branches of the other labeled tasks.
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
    labeled_fraction : float in [0, 1), default=0.25
        If a smaller part of a task's samples has labels, but some have, these are
        repeated until every batch holds this part of them. 0 repeats none (the paper).
    lr : float, default=0.002
        Learning rate.
    lr_schedule : {"constant", "cosine"}, default="cosine"
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
    augmentation : "auto", callable or None, default="auto"
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
    classes_ : ndarray of shape (n_classes,)
        The classes of all tasks.
    task_classes_ : list of ndarray
        The classes among which each task's samples are predicted.
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
    JointAutoencoder : The same without classes.
    sk_jae.pack : Makes several tasks usable in all of scikit-learn's tools.

    Notes
    -----
    A task whose labels are complete, or whose classes no other task has, is predicted
    among its own classes; any other task among all classes.

    References
    ----------
    B. Epstein, R. Meir, T. Michaeli, "Joint autoencoders: a flexible multi-task /
    meta-learning framework", ECML-PKDD 2018, Eq. 1 and 2. With `infomax_weight` and
    `consistency_weight` 0 and no `augmentation`, the loss is the paper's.

    R. Gomes, A. Krause, P. Perona, "Discriminative clustering by regularized
    information maximization", NeurIPS 2010.

    K. Sohn et al., "FixMatch: simplifying semi-supervised learning with consistency
    and confidence", NeurIPS 2020.

    I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
    ICLR 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import JointTransferClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(2, size=80)
    >>> X = rng.normal(size=(80, 4)) + 3 * y[:, None]
    >>> X_other = rng.normal(size=(30, 6))
    >>> clf = JointTransferClassifier(max_epochs=20, random_state=0)
    >>> clf = clf.fit([X, X_other], [y, None])
    >>> clf.score([X, None], [y, None]) > 0.9
    True
    >>> clf.predict([None, X_other])[1].shape
    (30,)
    """

    def __init__(
        self,
        *,
        n_shared: int = 32,
        n_private: int = 32,
        encoder: Coder = "auto",
        decoder: Coder = "mirror",
        shared_depth: int | Literal["auto"] = "auto",
        n_shared_layers: int | None = None,
        shared_input: tuple[int, int, int] | Literal["auto"] | None = "auto",
        layout: LayoutChoice = "auto",
        reconstruction_weight: PerTask[float] = 1.0,
        classification_weight: PerTask[float] = 1.0,
        infomax_weight: PerTask[float] = 1.0,
        consistency_weight: PerTask[float] = 1.0,
        head: Literal["auto", "shared", "both"] = "auto",
        strategy: Literal["end-to-end", "common-branch"] = "end-to-end",
        reconstruction_loss: LossChoice = "mse",
        max_epochs: int | Literal["auto"] = "auto",
        batch_size: int = 64,
        labeled_fraction: float = 0.25,
        lr: float = 0.002,
        lr_schedule: Literal["constant", "cosine"] = "cosine",
        optimizer: OptimizerChoice = "adam",
        weight_decay: float = 0.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        augmentation: Augmentation = "auto",
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
        self.classification_weight = classification_weight
        self.infomax_weight = infomax_weight
        self.consistency_weight = consistency_weight
        self.head = head
        self.strategy = strategy
        self.reconstruction_loss = reconstruction_loss
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.labeled_fraction = labeled_fraction
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
        """Train the joint autoencoder and its classifiers.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like of shape (n_samples, ...)
            One array per task: vectors (n, features) or images (n, height, width),
            (n, channels, height, width) or (n, height, width, channels). A dict names
            its tasks; see :func:`sk_jae.pack` for JointArrays. One bare array is the
            one-task case.
        y : list, tuple or dict of (array-like of shape (n_samples_t,) or None), or \
                array-like of shape (n_samples,)
            Labels in the form of `X`: None marks a task without labels, -1 an unlabeled
            sample. Flat for a JointArrays or a bare array. For a bare array, exactly
            two values are two classes, even if one of them is -1.

        Returns
        -------
        self : JointTransferClassifier

        Raises
        ------
        ValueError, TypeError
            Before any training, if the samples, labels or parameters cannot be used. A
            ValueError during training if the loss becomes NaN or infinite.
        """
        inputs, layouts = check_tasks(X, estimator=self, reset=True, layout=self.layout)
        labels = check_labels(y, inputs, self)
        plan = plan_classifier(self, inputs, labels)
        self._fit(X, y, inputs, layouts, plan, labels)
        return self
