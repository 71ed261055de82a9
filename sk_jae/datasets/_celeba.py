"""CelebA at 64x64, the women and the men as two tasks, memory-mapped."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from sk_jae._sklearn_types import Bunch

from ._home import check_subset, get_data_home, loader_errors

DESCR = """\
CelebA, aligned faces of celebrities: 202,599 images with 40 attributes, here cropped
to the middle square and resized to 64x64 color, women and men apart. For
non-commercial research only.
Cite: Z. Liu, P. Luo, X. Wang, X. Tang, Deep learning face attributes in the wild, ICCV
2015.
"""

SIZE = 64
TASKS = ("female", "male")
PARTITIONS = ("train", "valid", "test")


@overload
def load_celeba(
    *,
    data_home: str | os.PathLike[str] | None = ...,
    cache_dir: str | os.PathLike[str] | None = ...,
    subset: Literal["train", "valid", "test", "all"] = ...,
    attribute: str = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
    verbose: int = ...,
) -> Bunch: ...
@overload
def load_celeba(
    *,
    data_home: str | os.PathLike[str] | None = ...,
    cache_dir: str | os.PathLike[str] | None = ...,
    subset: Literal["train", "valid", "test", "all"] = ...,
    attribute: str = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
    verbose: int = ...,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]: ...
def load_celeba(
    *,
    data_home: str | os.PathLike[str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    subset: Literal["train", "valid", "test", "all"] = "train",
    attribute: str = "Smiling",
    download_if_missing: bool = False,
    return_X_y: bool = False,
    verbose: int = 1,
) -> Bunch | tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Load the CelebA faces at 64x64 as two tasks, women and men.

    The unpacked folder "img_align_celeba" and the text files of CelebA are read from
    "celeba" in the data folder. The first call writes the small images to
    `cache_dir` (2.5 GB), one at a time; from then on only that copy is read, and it is
    mapped into memory rather than loaded.

    Parameters
    ----------
    data_home : path-like, default=None
        The data folder, see :func:`~sk_jae.datasets.get_data_home`.
    cache_dir : path-like, default=None
        Where the small images are kept, in the folder "celeba_64x64". If None,
        "~/sk_jae_data/cache". Delete that folder to have it written anew.
    subset : {"train", "valid", "test", "all"}, default="train"
        The official part to return (162,770, 19,867 and 19,962 faces).
    attribute : str, default="Smiling"
        The attribute that `target` tells, one of `attribute_names`.
    download_if_missing : bool, default=False
        If True, torchvision downloads what is not there; it needs the package gdown for
        this. If False, nothing is written to the data folder.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.
    verbose : int, default=1
        If not 0, show a progress bar while the small images are written.

    Returns
    -------
    celeba : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with these attributes.

        data : dict of memmap of dtype uint8
            "female" and "male": shape (n_samples, 64, 64, 3), red, green and blue from
            0 to 255. Read-only.
        target : dict of ndarray of dtype int64
            Per task, shape (n_samples,): 1 where a face has the attribute, else 0.
        target_names : ndarray of shape (2,)
            The names of the classes.
        attributes : dict of ndarray of dtype uint8
            Per task, shape (n_samples, 40): all attributes, 1 or 0.
        attribute_names : list of str
            The names of the 40 attributes.
        subset_note : None
            Always the complete set.
        DESCR : str
            Description, citation and terms.
    (data, target) : tuple of dict if `return_X_y` is True
        The first two attributes alone.

    Raises
    ------
    OSError
        If a file is missing or damaged, or cannot be downloaded.
    ValueError
        If `subset` or `attribute` is unknown.

    Examples
    --------
    >>> from sk_jae.datasets import load_celeba
    >>> X, y = load_celeba(return_X_y=True)  # doctest: +SKIP
    >>> X["female"].shape, X["male"].shape  # doctest: +SKIP
    ((94509, 64, 64, 3), (68261, 64, 64, 3))
    """
    check_subset(subset, (*PARTITIONS, "all"))
    cache = Path(cache_dir or "~/sk_jae_data/cache").expanduser() / "celeba_64x64"
    if not cache.exists():
        _write_small_images(
            get_data_home(data_home), cache, download_if_missing, verbose
        )

    data, target, attributes = {}, {}, {}
    with np.load(cache / "attributes.npz") as file:
        names = file["names"].tolist()
        if attribute not in names:
            raise ValueError(
                f"attribute must be one of {names}, got {attribute!r} instead."
            )
        for task in TASKS:
            rows = _rows(file[f"{task}_sizes"], subset)
            data[task] = np.load(cache / f"{task}.npy", mmap_mode="r")[rows]
            attributes[task] = file[task][rows]
            target[task] = attributes[task][:, names.index(attribute)].astype(np.int64)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=np.array([f"not {attribute}", attribute]),
        attributes=attributes,
        attribute_names=names,
        subset_note=None,
        DESCR=DESCR,
    )


def _rows(sizes: np.ndarray, subset: str) -> slice:
    """Return where a subset lies in a task: train, valid, test in this order."""
    if subset == "all":
        return slice(None)
    ends = np.cumsum(sizes)
    part = PARTITIONS.index(subset)
    return slice(int(ends[part] - sizes[part]), int(ends[part]))


def _write_small_images(home: Path, cache: Path, download: bool, verbose: int) -> None:
    """Write the cache in a temporary folder, so that none is ever incomplete."""
    from tqdm import tqdm

    partitions = _open_partitions(home, download)
    attributes = [part.attr.numpy().astype(np.uint8) for part in partitions]
    # torchvision splits the line of names at its trailing space, too.
    names = list(partitions[0].attr_names)[: attributes[0].shape[1]]
    is_male = [table[:, names.index("Male")] == 1 for table in attributes]

    cache.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=cache.parent) as folder,
        tqdm(
            total=sum(map(len, partitions)),
            desc="CelebA at 64x64",
            unit="image",
            disable=not verbose,
        ) as progress,
    ):
        written = Path(folder) / cache.name
        written.mkdir()
        described: dict[str, Any] = {"names": np.array(names)}
        for task in TASKS:
            chosen = [np.flatnonzero(male == (task == "male")) for male in is_male]
            described[f"{task}_sizes"] = np.array([len(rows) for rows in chosen])
            described[task] = np.concatenate(
                [table[rows] for table, rows in zip(attributes, chosen, strict=True)]
            )
            _write_task(written / f"{task}.npy", partitions, chosen, progress)
        np.savez(written / "attributes.npz", **described)
        try:
            written.rename(cache)
        except OSError:
            # Another process may have been faster.
            if not cache.exists():
                raise


def _open_partitions(home: Path, download: bool) -> list[Any]:
    """Open train, valid and test with torchvision, which checks the text files."""
    from torchvision.datasets import CelebA

    files = ["img_align_celeba"]
    files += [file for *_, file in CelebA.file_list if file.endswith(".txt")]
    folder = home / CelebA.base_folder
    with loader_errors("CelebA", folder, files, download) as must_download:
        partitions = [CelebA(home, split="train", download=must_download)]
        partitions += [CelebA(home, split=split) for split in PARTITIONS[1:]]
    return partitions


def _write_task(
    path: Path, partitions: list[Any], chosen: list[np.ndarray], progress: Any
) -> None:
    """Write the chosen images of every partition, one after the other."""
    from PIL import ImageOps

    shape = (sum(map(len, chosen)), SIZE, SIZE, 3)
    images = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    position = 0
    for partition, rows in zip(partitions, chosen, strict=True):
        for row in rows:
            try:
                image, _ = partition[row]
                images[position] = ImageOps.fit(image.convert("RGB"), (SIZE, SIZE))
            except OSError as error:
                raise OSError(
                    f"CelebA image {partition.filename[row]} could not be read "
                    f"({error}); unpack img_align_celeba.zip again."
                ) from error
            position += 1
            progress.update()
    images.flush()
