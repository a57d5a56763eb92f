"""A text that names a file stands for the content of that file."""

import hashlib
import os
from pathlib import Path

import pytest

from workflows.store import NotStorable
from workflows.store.files import file_digest, file_states

SHA256 = hashlib.sha256(b"data").hexdigest()


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "my data.h5"
    path.write_bytes(b"data")
    return path


@pytest.mark.parametrize(
    "form",
    [
        "{}", "{}::/entry/data", "{}?path=/entry", "file://{}", "file://localhost{}", "file://{}?path=/entry",
        "json://{}", "nexus://{}?path=/entry", "silx://{}::/entry?slice=1",
    ],
)  # fmt: skip
def test_the_file_part_of_a_text_counts(data, form):
    text = form.format(data)

    assert file_states([text]) == {text: SHA256}


def test_the_path_in_a_file_uri_may_be_quoted(data):
    assert file_states([data.as_uri()]) == {data.as_uri(): SHA256}


def test_a_relative_path_is_that_of_the_working_directory(data, monkeypatch):
    monkeypatch.chdir(data.parent)

    assert file_states([data.name]) == {data.name: SHA256}


def test_of_folders_only_the_name_is_known_and_of_other_texts_nothing(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    texts = [
        str(tmp_path),
        "",
        "nothing",
        "a\0b",
        "x" * 100_000,
        str(tmp_path / "pipe"),
        "/dev/zero",
        "\udc80",
    ]

    assert file_states(texts) == {str(tmp_path): "directory"}


def test_a_changed_file_is_read_again_even_if_size_and_time_are_the_same(data):
    long_ago = (10**18, 10**18)
    os.utime(data, ns=long_ago)
    first = file_digest(data)
    data.write_bytes(b"DATA")
    os.utime(data, ns=long_ago)

    assert first == SHA256
    assert file_digest(data) == hashlib.sha256(b"DATA").hexdigest()


def test_a_link_stands_for_its_target(data, tmp_path):
    (tmp_path / "link").symlink_to(data)

    assert file_digest(tmp_path / "link") == SHA256


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(NotStorable, match=r"'.*nothing' cannot be read"):
        file_digest(tmp_path / "nothing")


def test_a_file_that_does_not_say_how_much_it_holds_is_refused():
    with pytest.raises(NotStorable, match="changed while it was read"):
        file_digest(Path("/proc/self/status"))
