"""CelebA, from small files in its formats."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from sk_jae import datasets
from tests.helpers.data_files import FACES, write_celeba
from tests.helpers.files import all_files


class TestCelebA:
    @pytest.fixture
    def home(self, without_checksums, tmp_path):
        write_celeba(tmp_path)
        return tmp_path

    def load(self, home, **options):
        options = {"verbose": 0, "cache_dir": home / "cache", **options}
        return datasets.load_celeba(data_home=home, **options)

    @pytest.mark.parametrize(
        ("subset", "partitions"),
        [("train", [0]), ("valid", [1]), ("test", [2]), ("all", [0, 1, 2])],
    )
    def test_women_and_men_of_a_subset(self, subset, partitions, home):
        celeba = self.load(home, subset=subset)
        for task, is_male in (("female", 0), ("male", 1)):
            expected = np.concatenate(
                [
                    FACES[(FACES[:, 1] == is_male) & (FACES[:, 3] == p)]
                    for p in partitions
                ]
            )
            images = celeba.data[task]
            assert images.shape == (len(expected), 64, 64, 3)
            assert images.dtype == np.uint8
            # JPEG is not exact.
            np.testing.assert_allclose(
                images,
                np.broadcast_to(expected[:, :1, None, None], images.shape),
                atol=3,
            )
            np.testing.assert_array_equal(celeba.target[task], expected[:, 2])
            np.testing.assert_array_equal(celeba.attributes[task], expected[:, 1:3])

    def test_images_are_mapped_and_read_only(self, home):
        X, _ = self.load(home, return_X_y=True)
        for images in X.values():
            assert isinstance(images, np.memmap)
            assert not images.flags.writeable

    def test_written_once_outside_the_data_folder(self, home):
        before = all_files(home / "celeba")
        first = self.load(home)
        assert all_files(home / "celeba") == before
        shutil.rmtree(home / "celeba")
        again = self.load(home)
        np.testing.assert_array_equal(first.data["male"], again.data["male"])

    def test_unreadable_image_is_named_and_leaves_no_cache(self, home):
        (home / "celeba" / "img_align_celeba" / "000005.jpg").write_bytes(b"no image")
        with pytest.raises(OSError, match=r"000005\.jpg"):
            self.load(home)
        assert all_files(home / "cache") == []

    def test_attribute(self, home):
        celeba = self.load(home, subset="all", attribute="Male")
        assert set(celeba.target["male"]) == {1}
        assert set(celeba.target["female"]) == {0}
        assert celeba.attribute_names == ["Male", "Smiling"]
        with pytest.raises(ValueError, match=r"\['Male', 'Smiling'\], got 'Tall'"):
            self.load(home, attribute="Tall")

    @pytest.mark.parametrize("verbose", [0, 1])
    def test_progress_bar(self, verbose, home, capsys):
        self.load(home, verbose=verbose)
        out, err = capsys.readouterr()
        assert out == ""
        assert ("11/11" in err) == bool(verbose)
