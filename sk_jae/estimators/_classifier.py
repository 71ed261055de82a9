"""The joint autoencoder with classes, as a scikit-learn classifier."""

from __future__ import annotations

from typing import Any, Literal

from sk_jae._sklearn_types import RandomState
from sk_jae.architecture import Coder
from sk_jae.estimators._class_fitting import ClassFitting
from sk_jae.estimators._parameters import (
    Augmentation,
    ClassWeight,
    CodesChoice,
    OptimizerChoice,
    PerTask,
    Precision,
    SharedInput,
)
from sk_jae.nn import ReconstructionLoss
from sk_jae.tasks import LayoutParameter, SamplingRate

__all__ = ["JointTransferClassifier"]


class JointTransferClassifier(ClassFitting):
    """Classifier that learns from several data sets at once, labeled or not.

    It is a joint autoencoder (see :class:`JointAutoencoder`) with a classifier on its
    codes, and both are trained at the same time. Tasks with few labels or none learn
    from the other tasks. It is a transformer too.

    Parameters
    ----------
    n_shared, n_private : int, default=32
        Number of codes, that is the width of the bottleneck, of the shared branch and
        of each task's private branch. With ``n_shared=0`` the tasks have independent
        autoencoders; with ``n_private=0`` all tasks have one branch in common.
    encoder : "auto", str, tuple of int, torch module, callable, or list or dict, \
            default="auto"
        The hidden layers of a branch: a string in the paper's notation such as
        ``"Conv 32x(5x5), MP 2x2, FC 500"`` (see :mod:`sk_jae.architecture`), a tuple of
        widths like scikit-learn's `hidden_layer_sizes`, a torch module, or a function
        that takes the shape of one sample, ``(features,)`` or ``(channels, height,
        width)``, and returns one of these or a list of modules. "auto" is one
        dense layer of width 128; before it, the shared branch gets convolutions with
        batch normalization for images, and for signals fixed kernels or, where a task
        without labels may be unlike, bands of power. A list or dict has one per task.
    decoder : "mirror", str, tuple of int, callable, or list or dict of these, \
            default="mirror"
        The hidden layers from the codes back to the samples, described like the
        encoder. "mirror" reverses the encoder of the private branch. The output layer
        is added to them.
    shared_encoder : str, tuple of int, torch module, callable or None, default=None
        The hidden layers of the shared encoder, if not those of `encoder`: a backbone
        that all tasks have in common from its first layer on. Its batch statistics are
        kept apart for each task.
    shared_encoder_lr : float or None, default=None
        Its learning rate. None is `lr`, and 0 leaves it and its statistics as they are.
    shared_depth : int or "auto", default="auto"
        The layer at which sharing starts. Only layers with weights are counted: 1 is
        the first one after the input, -1 is the bottleneck (the paper's choice), and
        "auto" is the earliest one from which the shapes allow sharing.
    n_shared_layers : int or None, default=None
        Number of consecutive layers that are tied across tasks, beginning with the one
        at `shared_depth`. None ties all of them down to and including the bottleneck.
    shared_input : "auto", tuple (channels, height, width), list or dict of \
            (array-like of shape (n_features_t,) or None), or None, default="auto"
        What the shared branch sees of the samples, so that its layers can be tied
        although these differ. "auto" brings images to one shape, which has the largest
        height and width, and the number of channels if it is equal in all tasks, else
        one (gray). Of tables with column names it takes the columns that all tasks
        have, in any order; tables without names are left as they are. A tuple is the
        shape for images. A list or dict has the axis of each task's features, or of the
        time steps of its signals, such as wavelengths; these are interpolated at the
        points of the coarsest axis that lie in the range of all. None, for all or for
        one task, changes nothing (the paper). Private branches see all features.
    layout : {"auto", "vector", "image", "channels_first", "channels_last", \
            "signal"}, tuple of int, or list or dict of these, default="auto"
        What the axes of the arrays are: vectors (n, features), images (n, height,
        width), (n, channels, height, width) or (n, height, width, channels), or signals
        (n, channels, time). "auto" goes by the shape and asks where that leaves a
        doubt. Of arrays with 2 dimensions, "image" makes square pictures of the
        columns and "signal" one channel, and a tuple is the shape of one sample, such
        as (3, 32, 32); what comes back is flat again. A list or dict has one entry per
        task.
    sampling_rate : float, list or dict of (float or None), or None, default=None
        Time steps per second of the signals of each task (None for other tasks), or of
        all. The shared branch sees all signals at the lowest of these rates, so that
        windows keep their length. With None a step is as long in every task.
    input_scaling : {"auto", "whiten"} or None, default="auto"
        "auto" standardizes the columns of vectors and the channels of signals inside,
        by the mean and the standard deviation of each task, so that units do not
        matter. What exceeds 4 standard deviations counts like its logarithm. "whiten"
        projects vectors on the directions in which the rows of all tasks vary, each
        task around its own mean, and brings these to similar sizes; it is made for
        spectra, in which what counts is a small part of the variance. Where all vectors
        look like spectra, "auto" does it too, but in JointAutoencoder it only warns.
        Reconstructions have the units of the input. None, and
        ``reconstruction_loss="bce"``, leave the values as they are.
    loss_scaling : "auto" or None, default="auto"
        "auto" divides every term of the loss by its value for a model that knows
        nothing: the squared error by the variance of the features, those of classes by
        the logarithm of their number. Each is then about 1 at first, so that weights
        can be compared. None leaves the terms as they are, as in the paper.
    reconstruction_weight : float, or list or dict of float, default=0.1
        Weight of the reconstruction loss, w_r of Eq. 1, for all tasks or one per task.
        With 0 the term is not computed.
    classification_weight : float, or list or dict of float, default=1.0
        Weight of the classification loss, w_c of Eq. 2, for all tasks or one per task.
        With 0 the term is not computed.
    infomax_weight : float, or list or dict of float, default=1.0
        Weight of information maximization on tasks that have unlabeled samples: each
        prediction becomes more confident, and together they become more diverse, the
        latter with twice the weight (Gomes et al. 2010, Hu et al. 2017). The term
        starts after 60 % of the epochs for images with consistency, after 10 % for
        augmented signals, after 30 % otherwise, and after 50 % without augmentation.
        For these images, the cosine of `lr_schedule` is run through twice, before the
        term and with it. Training decides which shares it supposes, see `transfer_`.
    consistency_weight : float, or list or dict of float, default=1.0
        Weight of consistency on tasks that have unlabeled samples: a confident
        prediction for the plain sample (a probability of at least 0.9) is the target
        for the augmented one (Sohn et al. 2020). It needs `augmentation`, and starts
        after 30 % of the epochs, or 36 % for images with information maximization.
    head : {"auto", "shared", "both"}, default="auto"
        Which classifiers there are. "shared" is one classifier on the shared codes, the
        same for all tasks. "both" adds a classifier on both codes for every labeled
        task, and the logits of the two are added up. "auto" means "both" if all tasks
        have complete labels or classes of their own; else, and for signals, "shared".
    strategy : {"end-to-end", "common-branch"}, default="end-to-end"
        "end-to-end" trains all terms at the same time. "common-branch" trains in three
        phases: first the autoencoders; then, with the labels of the source (the task
        with the most labels), its private branch, the tied layers, and the branches of
        tasks without labels up to the tied layers; then, with all these frozen, the
        private branches of the other labeled tasks.
    reconstruction_loss : str, callable, or list or dict of these, default="mse"
        "mse" is the mean squared error over features, "bce" the binary cross-entropy
        for values in [0, 1], "poisson" half the deviance of counts from reconstructed
        rates, "huber" half the squared error up to 1 (in standardized columns one
        standard deviation) and linear beyond (Huber 1964). A function takes two tensors
        (reconstruction, input), and its mean counts. A list or dict has one per task.
    pairing_weight : float, default=1.0
        Weight of the terms of samples with equal `ids`, which bring the shared codes of
        a subject together, reconstruct its sample of one task from those of another,
        and let the predictions for it agree. Without ids there are none.
    max_epochs : int or "auto", default="auto"
        Number of epochs in each phase of training. An epoch is one pass over the
        largest task, in which smaller tasks are repeated. "auto" makes about 600
        updates, and 900 for images with consistency and information maximization, in at
        most 200 epochs. Beyond 2,000 samples of the largest task, it grows with the
        square root of their number, and for vectors it falls below in the same way.
    batch_size : int, default=64
        Largest number of samples of each task in a batch.
    labeled_fraction : float in [0, 0.99], default=0.25
        If fewer than this fraction of the samples of a task are labeled, the labeled
        ones are repeated until they make up this fraction of every batch, and an epoch
        is up to ``1 / (1 - labeled_fraction)`` times as long; 0 repeats none (paper).
    class_weight : dict, "balanced" or None, default=None
        How much the labeled samples of each class count in all tasks, ``{class:
        weight}``, by default 1; "balanced" gives all classes one weight together.
    class_prior : array-like of shape (n_classes,), dict or None, default=None
        How frequent the classes are in unlabeled samples, if you know it: one share for
        each of `classes_`, or ``{task: {class: share}}``. Give it where one of two
        classes is more frequent, which predictions alone cannot tell.
    lr : float, default=0.002
        Learning rate of the first epoch.
    lr_schedule : {"constant", "cosine"}, default="cosine"
        "constant" keeps the learning rate. "cosine" lowers it from epoch to epoch along
        half a cosine, almost to 0 at `max_epochs` (Loshchilov and Hutter 2017), so that
        the weights of the last epoch are good ones. With a
        :class:`skorch.callbacks.LRScheduler` among the `callbacks`, that one decides.
    optimizer : {"adam", "adamw", "sgd"}, torch optimizer class or callable, \
            default="adam"
        The optimizer, or a function that takes the parameters and `lr` and returns one.
        :class:`torch.optim.LBFGS` is made for all samples in one batch and ``lr=1``.
        Optimizers that need sparse gradients are refused.
    weight_decay : float or "auto", default="auto"
        Weight decay of the optimizer. "auto" is its default, but for "adam" and vectors
        or `PPV`, weights up to classes are small, more so for few labels or classes.
    early_stopping : bool, default=False
        Whether to hold out the fraction `validation_fraction` of every task, to stop
        when the loss there has not improved by more than `tol` for `n_iter_no_change`
        epochs, and to return to the weights of the best epoch. If False, all
        `max_epochs` epochs run.
    validation_fraction : float, default=0.1
        Fraction of the samples of every task that early stopping holds out.
    n_iter_no_change : int, default=10
        Number of epochs without improvement after which early stopping ends the
        training.
    tol : float, default=1e-4
        Smallest improvement of the loss that early stopping counts as one.
    augmentation : "auto", callable or None, default="auto"
        Random changes of the samples during training. "auto" rotates, scales, shears
        and shifts images a little, moves signals and changes their rate and tone (masks
        a part of the time if all have labels or start alike), but not vectors. A
        function takes and returns a (n, features), (n, channels, time) or (n, c, h, w).
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Precision of the training. "auto" trains convolutions of images in bfloat16
        (autocast) on GPUs that compute it natively, on CPUs with matrix units for it
        (AMX) and on CPUs of AMD with vector instructions for it, and everything else,
        signals too, in float32. Predictions are computed in float32.
    device : str, default="auto"
        "cpu", "cuda", "cuda:1" or "mps". "auto" is the first of cuda, mps and cpu.
    codes : {"both", "shared", "private"}, default="both"
        The codes that `transform` returns. Like every parameter, it takes effect in the
        next `fit`.
    callbacks : list of skorch callbacks, "disable" or None, default=None
        Callbacks of the skorch net, such as :class:`skorch.callbacks.LRScheduler`. They
        receive the loss of a batch as a tensor, ``on_batch_end(..., loss=...)``, and
        find all terms of an epoch in ``net.history``.
        :class:`sk_jae.callbacks.Checkpoint` lets an interrupted fit go on.
    verbose : int, default=0
        With 0, nothing is printed. Otherwise there is a line for each epoch, with each
        term of the loss by task, and once the time that is left, if it is more than a
        minute; terminals and notebooks show a bar with the time left below it.
    warm_start : bool, default=False
        Whether `fit` continues from the end of the earlier fit, with its weights, the
        state of its optimizer and its `history_`, which grows. Tasks, classes and
        layers must be the same as before; new tasks may come behind the old ones.
    random_state : int, RandomState instance or None, default=None
        Decides the initial weights, the order of the samples, the augmentation and
        which samples are held out. Global random generators are left as they are.

    Attributes
    ----------
    n_tasks_ : int
        Number of tasks.
    task_names_ : tuple of str
        The names of the tasks: the keys of a dict, otherwise "task0", "task1", ...
    feature_shapes_in_ : list or dict of tuple of int
        Shape of one sample of each task.
    layouts_ : tuple of object
        How the samples of each task are read: `kind` (a word of `layout`), `shape`, the
        names in `columns`, and `dtype`, that of reconstructions.
    n_features_in_ : int
        Number of features. Exists only after `fit` with one bare array.
    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        Names of the features. Exists only after `fit` with one dataframe.
    classes_ : ndarray of shape (n_classes,)
        The classes of all tasks together.
    task_classes_ : list of ndarray
        For each task, the classes among which its samples are predicted.
    n_iter_ : int
        Number of epochs that were run.
    n_parameters_ : int
        Number of trainable values. Those that tasks have in common count once.
    loss_curve_ : list of float
        The training loss of each epoch.
    history_ : list of dict
        One dict per epoch, with every term of every task in training and, with early
        stopping, in validation. Then it also has the score of each task on the samples
        that are held out, and the mean of these: ``valid_accuracy_<task>`` of a
        classifier, ``valid_r2_<task>`` of the others.
        ``pandas.DataFrame(est.history_)`` makes a table of it.
    transfer_ : dict of {str: dict}
        For each task with unlabeled samples: "supposed", the shares of the classes that
        `infomax_weight` pulls to ("equal", "predicted", "estimated", "given", "none");
        "shares", those predicted before; "went_back", whether equal ones were given up;
        "exchanged", positions of classes that it renamed; "agreement", the part of
        samples that kept their class; "scale": "own", "shares", "common" or "mixed".
    module_ : JointModule
        The trained :class:`torch.nn.Module`, which can be used alone.
    net_ : skorch.NeuralNet
        The skorch net that trained it. Copies and loaded estimators do not have it.

    See Also
    --------
    JointTransferRegressor : Learns numbers instead of classes.
    JointAutoencoder : Learns codes without labels.
    sk_jae.pack : Makes several tasks usable in all of scikit-learn's tools.

    Notes
    -----
    The samples of a task whose labels are complete, or whose classes no other task has,
    are predicted among the classes of that task. The samples of any other task are
    predicted among all classes.

    If first layers cannot be shared, no label of another task reaches those of a task
    without labels, and `fit` gives a :class:`~sk_jae.exceptions.TransferWarning` before
    it trains. So it does if tables have one column in common by name, or fewer than a
    tenth of those of the narrowest, since labeled tasks lose accuracy then, too.

    Tools that encode `y`, such as CalibratedClassifierCV and VotingClassifier, make a
    class of -1; give them complete labels only. Tools that need one array, such as
    BaggingClassifier, can be used on the codes, behind this step of a pipeline.

    References
    ----------
    B. Epstein, R. Meir, T. Michaeli, "Joint autoencoders: a flexible multi-task /
    meta-learning framework", ECML-PKDD 2018, Eq. 1 and 2; see :mod:`sk_jae.paper`.

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
    >>> y, y_other = rng.integers(2, size=80), rng.integers(2, size=30)
    >>> X = rng.normal(size=(80, 4)) + 3 * y[:, None]
    >>> X_other = 100 * rng.normal(size=(30, 4)) + 300 * y_other[:, None]
    >>> clf = JointTransferClassifier(random_state=0).fit([X, X_other], [y, None])
    >>> float((clf.predict([None, X_other])[1] == y_other).mean()) > 0.9
    True
    """

    def __init__(
        self,
        *,
        n_shared: int = 32,
        n_private: int = 32,
        encoder: PerTask[Coder] = "auto",
        decoder: PerTask[Coder] = "mirror",
        shared_encoder: Coder | None = None,
        shared_encoder_lr: float | None = None,
        shared_depth: int | Literal["auto"] = "auto",
        n_shared_layers: int | None = None,
        shared_input: SharedInput = "auto",
        layout: LayoutParameter = "auto",
        sampling_rate: SamplingRate = None,
        input_scaling: Literal["auto", "whiten"] | None = "auto",
        loss_scaling: Literal["auto"] | None = "auto",
        reconstruction_weight: PerTask[float] = 0.1,
        classification_weight: PerTask[float] = 1.0,
        infomax_weight: PerTask[float] = 1.0,
        consistency_weight: PerTask[float] = 1.0,
        head: Literal["auto", "shared", "both"] = "auto",
        strategy: Literal["end-to-end", "common-branch"] = "end-to-end",
        reconstruction_loss: PerTask[ReconstructionLoss] = "mse",
        pairing_weight: float = 1.0,
        max_epochs: int | Literal["auto"] = "auto",
        batch_size: int = 64,
        labeled_fraction: float = 0.25,
        class_weight: ClassWeight = None,
        class_prior: Any = None,
        lr: float = 0.002,
        lr_schedule: Literal["constant", "cosine"] = "cosine",
        optimizer: OptimizerChoice = "adam",
        weight_decay: float | Literal["auto"] = "auto",
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
        random_state: RandomState = None,
    ) -> None:
        self.n_shared = n_shared
        self.n_private = n_private
        self.encoder = encoder
        self.decoder = decoder
        self.shared_encoder = shared_encoder
        self.shared_encoder_lr = shared_encoder_lr
        self.shared_depth = shared_depth
        self.n_shared_layers = n_shared_layers
        self.shared_input = shared_input
        self.layout = layout
        self.sampling_rate = sampling_rate
        self.input_scaling = input_scaling
        self.loss_scaling = loss_scaling
        self.reconstruction_weight = reconstruction_weight
        self.classification_weight = classification_weight
        self.infomax_weight = infomax_weight
        self.consistency_weight = consistency_weight
        self.head = head
        self.strategy = strategy
        self.reconstruction_loss = reconstruction_loss
        self.pairing_weight = pairing_weight
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.labeled_fraction = labeled_fraction
        self.class_weight = class_weight
        self.class_prior = class_prior
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
