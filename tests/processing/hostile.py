"""HDF5 files that lead out of their folder, each in another way, to a secret."""

import os

import h5py

SECRET = 271828
N = 4


def external_link(target, path="/secret"):
    def write(file):
        file["x"] = h5py.ExternalLink(str(target), path)

    return write


def raw_storage(target):
    def write(file):
        file.create_dataset("x", shape=(N,), dtype="i8", external=[(str(target), 0, N * 8)])

    return write


def virtual(target, path="secret"):
    def write(file):
        layout = h5py.VirtualLayout(shape=(N,), dtype="i8")
        layout[:] = h5py.VirtualSource(str(target), path, shape=(N,))
        file.create_virtual_dataset("x", layout)

    return write


def write_h5(path, write):
    with h5py.File(path, "w") as file:
        write(file)
    return path


def write_hostile(kind, root, outside):  # noqa: C901, PLR0911, PLR0912 -- a list of cases
    """Write one hostile file; its dataset or group at /x or /s leads to the secret."""
    secret = outside / "secret.h5"
    path = root / "hostile.h5"
    match kind:
        case "external link, absolute":
            return write_h5(path, external_link(secret)), "/x"
        case "external link, relative":
            return write_h5(path, external_link("../outside/secret.h5")), "/x"
        case "external link, symbolic link on disk":
            (root / "innocent.h5").symlink_to(secret)
            return write_h5(path, external_link("innocent.h5")), "/x"
        case "external link, symbolic link of a folder":
            (root / "folder").symlink_to(outside)
            return write_h5(path, external_link("folder/secret.h5")), "/x"
        case "external link, two hops":
            write_h5(root / "hop.h5", external_link(secret))
            return write_h5(path, external_link("hop.h5", "/x")), "/x"
        case "external link to a group, then its child":
            return write_h5(path, external_link(secret, "/")), "/x/secret"
        case "soft link through an external link":
            write_h5(path, external_link(secret, "/"))
            with h5py.File(path, "a") as file:
                file["s"] = h5py.SoftLink("/x/secret")
            return path, "/s"
        case "external link, name in the working directory":
            os.chdir(outside)
            return write_h5(path, external_link("secret.h5")), "/x"
        case "raw storage, absolute":
            return write_h5(path, raw_storage(outside / "secret.bin")), "/x"
        case "raw storage, relative":
            os.chdir(root)
            return write_h5(path, raw_storage("../outside/secret.bin")), "/x"
        case "raw storage, symbolic link on disk":
            (root / "innocent.bin").symlink_to(outside / "secret.bin")
            return write_h5(path, raw_storage(root / "innocent.bin")), "/x"
        case "virtual, absolute":
            return write_h5(path, virtual(secret)), "/x"
        case "virtual, relative":
            return write_h5(path, virtual("../outside/secret.h5")), "/x"
        case "virtual of virtual":
            write_h5(root / "inner.h5", virtual(secret))
            return write_h5(path, virtual("inner.h5", "x")), "/x"
        case "virtual, source behind an external link":
            write_h5(root / "inner.h5", external_link(secret))
            return write_h5(path, virtual("inner.h5", "x")), "/x"
        case "virtual, source in raw storage":
            write_h5(root / "inner.h5", raw_storage(outside / "secret.bin"))
            return write_h5(path, virtual("inner.h5", "x")), "/x"
        case "the file itself is a symbolic link":
            path.symlink_to(secret)
            return path, "/secret"
    raise AssertionError(kind)


HOSTILE = [
    "external link, absolute",
    "external link, relative",
    "external link, symbolic link on disk",
    "external link, symbolic link of a folder",
    "external link, two hops",
    "external link to a group, then its child",
    "soft link through an external link",
    "external link, name in the working directory",
    "raw storage, absolute",
    "raw storage, relative",
    "raw storage, symbolic link on disk",
    "virtual, absolute",
    "virtual, relative",
    "virtual of virtual",
    "virtual, source behind an external link",
    "virtual, source in raw storage",
    "the file itself is a symbolic link",
]
