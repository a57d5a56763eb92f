"""What the tests of downloads share: a visit with files worth archiving, and a way to read an archive."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

from django.test import Client

from portal.catalogue.models import Datafile
from tests.factories import make_dataset

# Larger than a block that is sent, empty, in a folder, with a long and with a foreign name.
FILES = {
    "image.h5": bytes(range(256)) * 3000,
    "empty.dat": b"",
    "scan1/notes.txt": b"as measured",
    f"scan1/{'deep/' * 30}λ.txt": b"far below",
}


def visitor(person=None):
    client = Client()
    if person is not None:
        client.force_login(person)
    return client


def make_summed_dataset(investigation, files=FILES, **values):
    """A dataset with real files whose checksums are registered."""
    dataset = make_dataset(investigation, files=files, **values)
    for file in dataset.datafiles.all():
        content = (Path(dataset.location) / file.name).read_bytes()
        Datafile.objects.filter(pk=file.pk).update(sha256=hashlib.sha256(content).hexdigest())
    return dataset


def unpacked(kind, body):
    """Names and contents of an archive, by the standard library."""
    if kind == "zip":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive.getmembers()}
