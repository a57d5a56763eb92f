"""Which files belong together, and what is left aside."""

import hashlib
import os
from pathlib import Path

import pytest

from portal.catalogue.errors import InvalidInput
from portal.ingest.folder import FoundDataset, LeftAside, files_below, scan


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def names_below(path: Path) -> list[str]:
    return [file.name for file in files_below(path)]


def datasets_in(folder: Path) -> dict[str, list[str]]:
    return {
        found.name: [file.name for file in found.files]
        for found in scan(folder)
        if isinstance(found, FoundDataset)
    }


def reasons_in(folder: Path) -> dict[str, str]:
    return {found.path.name: found.reason for found in scan(folder) if isinstance(found, LeftAside)}


def test_files_come_by_name_with_their_size(tmp_path):
    make(tmp_path, "b.h5", "a/c.poni", "a.txt")

    files = files_below(tmp_path)

    assert [(file.name, file.size_bytes) for file in files] == [("a.txt", 5), ("a/c.poni", 8), ("b.h5", 4)]


def test_a_checksum_is_computed_only_when_asked_for(tmp_path):
    make(tmp_path, "a.h5")

    [plain], [checked] = files_below(tmp_path), files_below(tmp_path, with_checksums=True)

    assert plain.sha256 == ""
    assert checked.sha256 == hashlib.sha256(b"a.h5").hexdigest()


def test_hidden_files_pipes_and_links_that_lead_out_are_no_files_of_a_dataset(tmp_path):
    make(tmp_path, "inside/a.h5", "inside/.hidden", "inside/.git/config", "outside/secret.h5")
    folder = tmp_path / "inside"
    os.mkfifo(folder / "pipe")
    (folder / "out.h5").symlink_to(tmp_path / "outside" / "secret.h5")
    (folder / "out").symlink_to(tmp_path / "outside")
    (folder / "broken.h5").symlink_to(folder / "nothing")
    (folder / "in.h5").symlink_to(folder / "a.h5")

    assert names_below(folder) == ["a.h5", "in.h5"]


def test_an_endless_circle_of_folders_is_walked_once(tmp_path):
    make(tmp_path, "a/b/c.h5")
    (tmp_path / "a" / "b" / "again").symlink_to(tmp_path / "a")

    assert names_below(tmp_path) == ["a/b/c.h5"]


def test_too_many_files_are_refused(tmp_path):
    make(tmp_path, "a.h5", "b.h5", "c.h5")

    assert len(files_below(tmp_path, max_files=3)) == 3
    with pytest.raises(InvalidInput, match="more than 2 files"):
        files_below(tmp_path, max_files=2)


@pytest.mark.parametrize("name", [b"\xff.h5", b"/".join([b"x" * 200] * 3)])
def test_a_name_that_the_catalogue_cannot_keep_is_refused(tmp_path, name):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()

    with pytest.raises(InvalidInput, match=r"UTF-8|longer"):
        files_below(tmp_path)


def test_a_folder_that_holds_an_image_is_one_dataset_with_all_below_it(tmp_path):
    make(tmp_path, "run1/img.h5", "run1/img.poni", "run1/logs/note.txt", "run2/a.cbf", "run2/b.cbf")

    assert datasets_in(tmp_path) == {
        "run1": ["img.h5", "img.poni", "logs/note.txt"],
        "run2": ["a.cbf", "b.cbf"],
    }


def test_a_sample_is_the_uppermost_folder_and_a_dataset_the_one_with_the_image(tmp_path):
    make(tmp_path, "LaB6/scan_1/img.h5", "LaB6/scan_2/img.h5", "quartz/img.h5")

    found = [(dataset.sample, dataset.name, dataset.location) for dataset in scan(tmp_path)]

    assert found == [
        ("LaB6", "scan_1", tmp_path / "LaB6" / "scan_1"),
        ("LaB6", "scan_2", tmp_path / "LaB6" / "scan_2"),
        ("quartz", "quartz", tmp_path / "quartz"),
    ]


def test_a_loose_image_is_a_dataset_with_the_files_of_its_stem(tmp_path):
    make(tmp_path, "a.tif", "a.xy", "a.poni", "a_mask.tif", "b.TIF", "ab.poni")

    assert datasets_in(tmp_path) == {"a": ["a.poni", "a.tif", "a.xy", "a_mask.tif"], "b": ["b.TIF"]}
    assert [found.location.name for found in scan(tmp_path) if isinstance(found, FoundDataset)] == [
        "a.tif",
        "b.TIF",
    ]


def test_two_images_of_one_stem_are_two_datasets(tmp_path):
    make(tmp_path, "a.h5", "a.tif", "a.poni")

    found = [[file.name for file in dataset.files] for dataset in scan(tmp_path)]

    assert found == [["a.h5", "a.poni"], ["a.poni", "a.tif"]]


def test_a_mask_without_its_image_is_an_image(tmp_path):
    make(tmp_path, "a_mask.tif")

    assert datasets_in(tmp_path) == {"a_mask": ["a_mask.tif"]}


def test_what_became_no_dataset_is_told_with_the_reason(tmp_path):
    make(tmp_path / "top", "a.h5", "README.txt", "notes/today.txt", "empty/deeper/x.csv", ".cache/a.h5")
    make(tmp_path, "elsewhere/secret.h5")
    (tmp_path / "top" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "top" / "linked.h5").symlink_to(tmp_path / "elsewhere" / "secret.h5")

    assert datasets_in(tmp_path / "top") == {"a": ["a.h5"]}
    assert reasons_in(tmp_path / "top") == {
        "deeper": "holds no image",
        "linked": "is a link to a folder",
        "notes": "holds no image",
        "linked.h5": "leads out of its folder",
        "README.txt": "is neither an image nor named like one",
    }
