"""What files are called in archives and lists: unique, and harmless wherever they are unpacked."""

from hypothesis import given
from hypothesis import strategies as st

from portal.storage.names import FolderNames, safe_part, safe_path

NAMES = st.text(
    st.one_of(st.sampled_from("./\\%2E5\0\n\x7f\u202eaA é"), st.characters(exclude_categories=["Cs"])),
    max_size=12,
)


@given(NAMES)
def test_no_step_of_a_path_leads_elsewhere(name):
    steps = safe_path(name).split("/")

    assert not {"", ".", ".."} & set(steps)
    assert all(step.isprintable() and "\\" not in step for step in steps)


@given(NAMES, NAMES)
def test_names_that_differ_stay_different(one, other):
    assert (safe_path(one) == safe_path(other)) == (one == other)


def test_an_ordinary_name_stays_as_it_is():
    assert safe_part("LaB6 50% (2)_ü.h5") == "LaB6 50% (2)_ü.h5"


@given(st.lists(st.tuples(NAMES, NAMES), max_size=8))
def test_every_dataset_has_a_folder_of_its_own_whatever_the_case(names):
    folders = FolderNames(reserved="sha256sums.txt")

    given_names = [
        folders.folder_for(sample=sample, dataset=dataset, number=number)
        for number, (sample, dataset) in enumerate(names, 1)
    ]

    assert len({name.casefold() for name in given_names}) == len(names)
    assert all(name.count("/") == 1 for name in given_names)


def test_no_sample_takes_the_place_of_the_list():
    names = FolderNames(reserved="sha256sums.txt")

    assert names.folder_for(sample="SHA256sums.txt", dataset="a", number=1) == "SHA256sums.txt_/a"
