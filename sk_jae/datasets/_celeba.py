"""CelebA at 64x64: women and men as two memory-mapped tasks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from sk_jae._sklearn_types import Bunch

from ._celeba_files import (
    IMAGES,
    PARTITIONS,
    ensure_celeba,
    open_image,
    read_tables,
)
from ._files import check_array, loader_errors
from ._home import check_subset, get_data_home

DESCR = """\
CelebA, aligned faces of celebrities: 202,599 images with 40 attributes, here cropped
to the middle square and resized to 64x64 in color, with women and men as two tasks. For
non-commercial research only.
Cite: Z. Liu, P. Luo, X. Wang, X. Tang, Deep learning face attributes in the wild, ICCV
2015.
"""

SIZE = 64
TASKS = ("female", "male")


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

    The unpacked folder "img_align_celeba" and the text files "list_attr_celeba.txt" and
    "list_eval_partition.txt" are read from "celeba" in the data folder. The first call
    writes the small images to `cache_dir` (2.5 GB). All later calls read only that
    copy, which is mapped into memory instead of being loaded.

    Parameters
    ----------
    data_home : path-like, default=None
        The data folder; see :func:`~sk_jae.datasets.get_data_home`.
    cache_dir : path-like, default=None
        The folder in which the small images are kept, in a folder "celeba_64x64" of
        their own. None means "~/sk_jae_data/cache". If you delete "celeba_64x64", it is
        written again.
    subset : {"train", "valid", "test", "all"}, default="train"
        The official part to return; the first three have 162,770, 19,867 and 19,962
        faces.
    attribute : str, default="Smiling"
        The attribute that becomes `target`, one of `attribute_names`.
    download_if_missing : bool, default=False
        If True, torchvision downloads files that are missing or incomplete, for which
        it needs the package gdown. If False, nothing is written to the data folder.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.
    verbose : int, default=1
        If this is not 0, a progress bar is shown while the small images are written.

    Returns
    -------
    celeba : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with these attributes.

        data : dict of memmap of dtype uint8
            "female" and "male", each of shape (n_samples, 64, 64, 3), with red, green
            and blue from 0 to 255. The arrays are read-only.
        target : dict of ndarray of dtype int64
            One array of shape (n_samples,) per task: 1 if a face has the attribute,
            else 0.
        target_names : ndarray of shape (2,)
            The names of the classes.
        attributes : dict of ndarray of dtype uint8
            One array of shape (n_samples, 40) per task: all attributes, 1 or 0.
        attribute_names : list of str
            The names of the 40 attributes.
        subset_note : None
            Always None, because the set is complete.
        DESCR : str
            Description, citation and terms of use.
    (data, target) : tuple of dict if `return_X_y` is True
        Only `data` and `target`.

    Raises
    ------
    OSError
        If a file is missing, incomplete or not the expected one, or if it cannot be
        downloaded.
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
    names, tables = _read_cache(cache)
    if attribute not in names:
        raise ValueError(
            f"attribute must be one of {names}, got {attribute!r} instead."
        )
    for task, (images, table, sizes) in tables.items():
        rows = _rows(sizes, subset)
        data[task] = images[rows]
        attributes[task] = table[rows]
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


def _read_cache(
    cache: Path,
) -> tuple[list[str], dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Return the attributes' names and each task's images, attributes and sizes."""
    remedy = f"delete the folder {cache}, so that it is written again"
    tables = {}
    with (
        loader_errors("CelebA at 64x64", cache / "attributes.npz", remedy=remedy),
        np.load(cache / "attributes.npz") as file,
    ):
        names = file["names"].tolist()
        described = {task: (file[task], file[f"{task}_sizes"]) for task in TASKS}
    for task, (table, sizes) in described.items():
        path = cache / f"{task}.npy"
        with loader_errors("CelebA at 64x64", path, remedy=remedy):
            images = np.load(path, mmap_mode="r")
            n = int(sizes.sum())
            check_array(images.shape, images.dtype, (n, SIZE, SIZE, 3), "u")
            check_array(table.shape, table.dtype, (n, len(names)), "u")
        tables[task] = images, table, sizes
    return names, tables


def _rows(sizes: np.ndarray, subset: str) -> slice:
    """Return the rows of a subset in a task that has train, valid, test in order."""
    if subset == "all":
        return slice(None)
    ends = np.cumsum(sizes)
    part = PARTITIONS.index(subset)
    return slice(int(ends[part] - sizes[part]), int(ends[part]))


def _write_small_images(home: Path, cache: Path, download: bool, verbose: int) -> None:
    """Write the cache in a temporary folder, so that it is complete or absent."""
    from tqdm import tqdm

    folder = home / "celeba"
    ensure_celeba(folder, download)
    names, files, attributes, partitions = read_tables(folder)
    is_male = attributes[:, names.index("Male")] == 1
    cache.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=cache.parent) as temporary,
        tqdm(
            total=len(files),
            desc="CelebA at 64x64",
            unit="image",
            disable=not verbose,
        ) as progress,
    ):
        written = Path(temporary) / cache.name
        written.mkdir()
        described: dict[str, Any] = {"names": np.array(names)}
        for task in TASKS:
            rows = np.flatnonzero(is_male == (task == "male"))
            rows = rows[np.argsort(partitions[rows], kind="stable")]
            described[f"{task}_sizes"] = np.bincount(
                partitions[rows], minlength=len(PARTITIONS)
            )
            described[task] = attributes[rows]
            paths = [folder / IMAGES / files[row] for row in rows]
            _write_task(written / f"{task}.npy", paths, progress)
        np.savez(written / "attributes.npz", **described)
        try:
            written.rename(cache)
        except OSError:
            # Another process may have been faster.
            if not cache.exists():
                raise


def _write_task(path: Path, image_paths: Sequence[Path], progress: Any) -> None:
    from PIL import ImageOps

    shape = (len(image_paths), SIZE, SIZE, 3)
    images = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    for position, image_path in enumerate(image_paths):
        images[position] = ImageOps.fit(open_image(image_path), (SIZE, SIZE))
        progress.update()
    images.flush()
