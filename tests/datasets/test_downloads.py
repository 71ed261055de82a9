"""Downloads replace what is missing or incomplete, and leave no half of a file."""

from __future__ import annotations

import hashlib
import io
import tarfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets as published

from sk_jae import datasets
from tests.helpers import data_files
from tests.helpers.files import all_files

FILES = {
    "mnist": ["mnist/MNIST/raw/train-labels-idx1-ubyte.gz"],
    "usps": ["usps/usps.bz2"],
    "svhn": ["svhn/train_32x32.mat"],
    "cifar10": [f"cifar10/cifar-10-batches-py/data_batch_{k}" for k in (2, 5)],
}
WRITERS = {
    "mnist": data_files.write_mnist,
    "usps": data_files.write_usps,
    "svhn": data_files.write_svhn,
    "cifar10": data_files.write_cifar10,
}


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class Server:
    """Answers requests with the contents of small files, by the ends of addresses."""

    def __init__(self):
        self.contents = {}
        self.requested = []

    def __call__(self, request):
        name = request.full_url.rpartition("/")[2]
        self.requested.append(name)
        if name not in self.contents:
            raise urllib.error.URLError("no such file here")
        response = io.BytesIO(self.contents[name])
        response.url, response.length = request.full_url, len(self.contents[name])
        return response


@pytest.fixture
def server(small_sets, monkeypatch, tmp_path):
    """Publish small files: their contents are served, their checksums expected."""
    source = tmp_path / "published"
    source.mkdir()
    for write in WRITERS.values():
        write(source)
    answers = Server()
    raw = source / "mnist" / "MNIST" / "raw"
    names = [name for name, _ in published.MNIST.resources]
    sums = [(name, md5((raw / name).read_bytes())) for name in names]
    monkeypatch.setattr(published.MNIST, "resources", sums)
    paths = [*raw.iterdir(), *(source / "svhn").iterdir(), source / "usps" / "usps.bz2"]
    answers.contents |= {path.name: path.read_bytes() for path in paths}
    for cls, folder in ((published.SVHN, "svhn"), (published.USPS, "usps")):
        url, name, _ = cls.split_list["train"]
        entry = [url, name, md5((source / folder / name).read_bytes())]
        monkeypatch.setitem(cls.split_list, "train", entry)
    batches = source / "cifar10" / "cifar-10-batches-py"
    sums = [[p.name, md5(p.read_bytes())] for p in sorted(batches.glob("data*"))]
    monkeypatch.setattr(published.CIFAR10, "train_list", sums)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(batches, "cifar-10-batches-py")
    monkeypatch.setattr(published.CIFAR10, "tgz_md5", md5(packed.getvalue()))
    answers.contents[published.CIFAR10.filename] = packed.getvalue()
    monkeypatch.setattr(urllib.request, "urlopen", answers)
    return answers


@pytest.fixture
def home(server, tmp_path):
    """A folder in which every set has an incomplete file."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name, write in WRITERS.items():
        write(folder)
        for file in FILES[name]:
            path = folder / file
            path.write_bytes(path.read_bytes()[:-20])
    return folder


def load(name, home, **options):
    return getattr(datasets, f"load_{name}")(data_home=home, **options)


@pytest.mark.parametrize("name", list(WRITERS))
class TestIncompleteFiles:
    def test_are_refused(self, name, home, server):
        with pytest.raises(OSError, match="pass download_if_missing=True") as info:
            load(name, home)
        for file in FILES[name]:
            assert (home / file).name in str(info.value)
        assert server.requested == []

    def test_are_downloaded_again(self, name, home, server, tmp_path):
        before = all_files(home)
        bunch = load(name, home, download_if_missing=True)
        np.testing.assert_array_equal(
            bunch.data, load(name, tmp_path / "published").data
        )
        assert all_files(home) == before
        n_requests = len(server.requested)
        np.testing.assert_array_equal(load(name, home).data, bunch.data)
        load(name, home, download_if_missing=True)
        assert len(server.requested) == n_requests > 0

    def test_stay_if_the_download_is_incomplete_too(self, name, home, server):
        contents = {
            path: path.read_bytes() for path in all_files(home) if path.is_file()
        }
        server.contents = {k: v[:-30] for k, v in server.contents.items()}
        with pytest.raises(OSError, match=r"could not be downloaded into.*by hand"):
            load(name, home, download_if_missing=True)
        assert {p: p.read_bytes() for p in all_files(home) if p.is_file()} == contents


@pytest.mark.parametrize("name", list(WRITERS))
class TestMissingFiles:
    def test_are_downloaded(self, name, server, tmp_path):
        bunch = load(name, tmp_path / "new", download_if_missing=True)
        np.testing.assert_array_equal(
            bunch.data, load(name, tmp_path / "published").data
        )

    def test_nothing_is_left_of_a_failed_download(self, name, server, tmp_path):
        server.contents = {}
        with pytest.raises(OSError, match=r"no such file here.*by hand"):
            load(name, tmp_path / "new", download_if_missing=True)
        assert not [path for path in all_files(tmp_path / "new") if path.is_file()]
        assert not (tmp_path / "new" / "cifar10" / "cifar-10-batches-py").exists()


def test_incomplete_unpacked_file_of_mnist(server, home):
    raw = home / "mnist" / "MNIST" / "raw"
    (raw / "train-labels-idx1-ubyte.gz").unlink()
    (raw / "train-labels-idx1-ubyte").write_bytes(b"\0\0")
    with pytest.raises(OSError, match=r"could not be read.*train-labels-idx1-ubyte: "):
        load("mnist", home)
    mnist = load("mnist", home, download_if_missing=True)
    assert mnist.target.tolist() == [3, 0, 9]
    assert load("mnist", home).target.tolist() == [3, 0, 9]


def test_second_mirror_of_mnist(server, home, monkeypatch):
    monkeypatch.setattr(
        published.MNIST, "mirrors", ["https://a.test/", "https://b.test/"]
    )

    def answer(request):
        if "a.test" in request.full_url:
            raise urllib.error.URLError("down")
        return server(request)

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    assert load("mnist", home, download_if_missing=True).target.tolist() == [3, 0, 9]


def test_archive_of_cifar10_that_is_there(server, home):
    archive = home / "cifar10" / "cifar-10-python.tar.gz"
    archive.write_bytes(server.contents[archive.name])
    load("cifar10", home, download_if_missing=True)
    assert server.requested == []
    assert archive.exists()


class TestCelebA:
    @pytest.fixture
    def home(self, small_sets, monkeypatch, tmp_path):
        data_files.write_celeba(tmp_path)
        folder = tmp_path / "celeba"
        contents = {path.name: path.read_bytes() for path in folder.glob("*.txt")}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path in (folder / "img_align_celeba").iterdir():
                archive.write(path, f"img_align_celeba/{path.name}")
        contents["img_align_celeba.zip"] = packed.getvalue()
        files = [(name, md5(content), name) for name, content in contents.items()]
        monkeypatch.setattr(published.CelebA, "file_list", files)

        def download(file_id, root, filename, checksum):
            (Path(root) / filename).write_bytes(contents[file_id])

        monkeypatch.setattr(
            "torchvision.datasets.utils.download_file_from_google_drive", download
        )
        return tmp_path

    def load(self, home, **options):
        return datasets.load_celeba(
            data_home=home, cache_dir=home / "cache", verbose=0, **options
        )

    @pytest.mark.parametrize(
        "damage",
        [
            lambda folder: (folder / "list_attr_celeba.txt").write_text("11\n"),
            lambda folder: (folder / "list_eval_partition.txt").unlink(),
            lambda folder: (folder / "img_align_celeba" / "000007.jpg").unlink(),
        ],
        ids=["incomplete table", "missing table", "missing image"],
    )
    def test_what_is_missing_is_downloaded(self, damage, home):
        damage(home / "celeba")
        with pytest.raises(OSError, match="pass download_if_missing=True"):
            self.load(home)
        celeba = self.load(home, subset="all", download_if_missing=True)
        assert len(celeba.data["female"]) + len(celeba.data["male"]) == 11

    def test_everything_is_downloaded(self, home, tmp_path):
        celeba = self.load(home / "new", subset="all", download_if_missing=True)
        expected = self.load(home, subset="all")
        np.testing.assert_array_equal(celeba.data["male"], expected.data["male"])
