"""What the first page finds, for whom, and what its facets count."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Dataset, DatasetTally, Investigation, InvestigationUser, Sample
from portal.catalogue.search import tallies as tallying
from portal.catalogue.search.formulas import names_in_formula
from portal.catalogue.search.query import read_search
from portal.catalogue.search.refresh import refresh_words
from portal.catalogue.search.structures import count_again, make_structures
from portal.catalogue.search.words import asked_words, kept_words
from portal.catalogue.services import DatasetContent, register_dataset, technique_named
from tests.factories import make_dataset, make_instrument, make_investigation, make_user, the_past
from tests.portal.test_page_access import visitor
from tests.portal.world import PEOPLE, SEE

ENERGY, EXPOSURE, DISTANCE = "InstrumentMonochromator_energy", "HTXRPD_exposureTime", "XRPD_geometry_dist"


def look(person=None, **asked):
    """The first page's context for a person who asks."""
    answer = visitor(person).get(reverse("home"), asked)
    assert answer.status_code == 200
    return answer.context


def names(rows):
    return {row.name for row in rows}


def found(person=None, **asked):
    return names(look(person, **asked)["page"].rows)


def counts(context):
    """The facets' choices as numbers: ``{"technique": {"XRPD": 2}}``."""
    return {
        facet.name: {option.label: option.n_datasets for option in facet.options}
        for facet in context["facets"]
    }


def measure(investigation, name, **told):
    """A measured dataset without files; ``told`` is of ``DatasetContent``."""
    content = {"technique": "XRPD", "started_at": the_past(), **told}
    location = f"/data/{investigation.pk}/{name}"
    return register_dataset(investigation, DatasetContent(name=name, location=location, **content))[0]


@pytest.fixture
def open_data(db):
    return make_investigation(
        make_instrument("ID22"),
        name="CH-6241",
        title="Reference powders",
        summary="Calibration of area detectors",
        release_date=the_past(),
    )


# --- words ---


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["CeO₂_45keV"], "ceo2 45kev"),
        (["Ångström, Größe"], "angstrom grosse"),
        (["scan1/image_0001.h5", "scan1"], "scan1 image 0001 h5"),
        (["\0<b>--\n"], "b"),
        (["x" * 100], "x" * 64),
        ([""], ""),
    ],
)
def test_words_are_letters_and_digits_without_case_and_accents(texts, words):
    assert kept_words(texts) == words


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("CeO2", {"cerium", "oxide", "ceria"}),
        ("LiFePO4", {"lithium", "iron", "phosphate"}),
        ("La0.7Sr0.3MnO3", {"lanthanum", "strontium", "manganese", "oxide"}),
        ("Al2O3", {"aluminium", "aluminum", "alumina", "corundum"}),
        ("Si", {"silicon"}),
    ],
)
def test_a_formula_is_found_by_the_names_of_what_is_in_it(formula, expected):
    assert expected <= set(names_in_formula(formula))


@pytest.mark.parametrize("text", ["", "Sample 12", "Xx2O3", "mystery powder", "ceo2", "12"])
def test_what_is_no_formula_has_no_elements(text):
    assert names_in_formula(text) == []


@pytest.mark.parametrize(
    "asked", ["ceria", "CeO2", "ceo2", "cerium oxide", "Oxide CERIUM", "cer ox", "CeO₂ nickel"]
)
def test_ceria_is_found_by_any_of_its_names(open_data, asked):
    Sample.objects.create(investigation=open_data, name="powder on nickel", formula="CeO2")
    measure(open_data, "hot_0500K", sample="powder on nickel")
    measure(open_data, "lab6_60keV", sample="LaB6")

    context = look(q=asked)

    assert names(context["page"].rows) == {"hot_0500K"}
    assert names(context["samples"]) == {"powder on nickel"}


@pytest.mark.parametrize("asked", ["hot", "0500k", "ch-6241", "reference powders", "id22 hot", "xrpd hot"])
def test_a_dataset_is_found_by_its_own_name_and_those_of_what_it_belongs_to(open_data, asked):
    measure(open_data, "hot_0500K", sample="LaB6")

    assert found(q=asked) == {"hot_0500K"}


def test_a_common_name_in_a_name_finds_its_formula(open_data):
    measure(open_data, "ceria_0298K", sample="no 7")

    assert found(q="CeO2") == {"ceria_0298K"}


def test_all_words_must_be_found(open_data):
    measure(open_data, "hot_0500K", sample="CeO2")

    assert found(q="hot 0600K") == set()


def test_investigations_are_found_by_title_proposal_summary_and_instrument(open_data):
    for asked in ("powders", "CH 6241", "area detectors", "ID22"):
        assert names(look(q=asked)["investigations"]) == {"CH-6241"}


def test_files_are_found_by_name_and_lead_to_their_dataset(open_data):
    dataset = make_dataset(open_data)

    page = look(q="notes txt")

    assert [(file.name, file.dataset_id) for file in page["files"]] == [("scan1/notes.txt", dataset.pk)]


def test_results_belong_to_what_they_were_made_from_and_are_not_found_beside_it(open_data):
    measure(open_data, "integrate", type=Dataset.Type.PROCESSED)

    context = look(q="integrate")

    assert (names(context["page"].rows), context["page"].total) == (set(), 0)


def test_what_is_renamed_is_found_by_its_new_name(open_data):
    measure(open_data, "scan", sample="unknown")

    Sample.objects.get().delete()
    sample = Sample.objects.create(investigation=open_data, name="no 7")
    measure(open_data, "scan", sample="no 7")
    sample.formula = "CeO2"
    sample.save()
    open_data.title = "Pigments"
    open_data.save()

    assert found(q="ceria pigments scan") == {"scan"}
    assert found(q="powders scan") == set()
    assert refresh_words(Dataset.objects.all()) == 0


@pytest.mark.parametrize(
    "asked",
    [
        *("'", '"', "' OR 1=1 --", "ceria' | 'x", "a:*&!b", "NEAR(a b)", '"*"', "%", "\\", "(", "x" * 5000),
        *("\0", "ce\0ria", "💥", "\u202e", " ", "a b c d e f g h i j k l m", "a" * 64 + " " + "b" * 2000),
    ],
)
def test_whatever_is_typed_is_searched_for_as_words(open_data, asked):
    measure(open_data, "hot_0500K")

    context = look(q=asked)

    assert len(asked_words(asked)) <= 8
    assert (context["search"].is_blank) == (not asked_words(asked))


# --- filters ---


@pytest.fixture
def measured(open_data):
    """Four datasets of two techniques, at four energies."""
    for energy, technique in ((20, "XRPD"), (45, "XRPD"), (60.5, "XRPD"), (75, "SAXS")):
        measure(open_data, f"at{energy}", technique=technique, parameters={ENERGY: energy, EXPOSURE: 1})
    return open_data


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"energy_min": "45"}, {"at45", "at60.5", "at75"}),
        ({"energy_max": "45"}, {"at20", "at45"}),
        ({"energy_min": "45", "energy_max": "60,5"}, {"at45", "at60.5"}),
        ({"energy_min": "80"}, set()),
        ({"energy_min": "60", "energy_max": "50"}, set()),
        ({"exposure_min": "1", "exposure_max": "1", "energy_max": "20"}, {"at20"}),
        ({"energy_min": "-1e308"}, {"at20", "at45", "at60.5", "at75"}),
        ({"energy_min": "50", "technique": "XRPD"}, {"at60.5"}),
        ({"energy_min": "50", "q": "at75"}, {"at75"}),
    ],
)
def test_a_range_has_both_its_ends(measured, asked, expected):
    assert found(**asked) == expected


def test_a_value_that_is_no_number_is_in_no_range(open_data):
    for name, value in (("text", "about 45"), ("truth", "true"), ("none", "")):
        measure(open_data, name, parameters={ENERGY: value})

    assert found(energy_min="-1000") == found(energy_max="1000") == set()


@pytest.mark.parametrize("bound", ["abc", "nan", "inf", "1e999", "--1", "1;2", "\0"])
def test_a_bound_that_is_no_number_is_told_plainly(db, bound):
    answer = Client().get(reverse("home"), {"energy_min": bound})

    assert answer.status_code == 400
    assert b"Energy must be a number in keV" in answer.content


def test_datasets_of_the_last_days_are_found(open_data):
    for days in (2, 20, 200):
        measure(open_data, f"d{days}", started_at=timezone.now() - timedelta(days=days))

    assert found(when="week") == {"d2"}
    assert found(when="month") == {"d2", "d20"}
    assert found(when=str((timezone.now() - timedelta(days=200)).year)) >= {"d200"}


@pytest.mark.parametrize(
    "asked",
    [
        *({"when": year} for year in ("99999", "0", "-5", "twenty", "٢٠٢٦", "10000000000000000000000")),
        *({"sample": pk} for pk in ("0", "-1", "x", "9" * 30, "1.5")),
        *({"technique": "x'"}, {"instrument": "\0x"}, {"technique": "x" * 5000}),
    ],
)
def test_a_filter_that_nothing_fits_finds_nothing(measured, asked):
    assert found(**asked) == set()


@pytest.mark.parametrize(
    "asked", [{"kind": "nonsense"}, {"access": "nonsense"}, {"show": "nonsense"}, {"x": "y"}]
)
def test_what_is_no_filter_is_passed_over(measured, asked):
    assert look(**asked)["search"].is_blank


def test_a_sample_shows_its_datasets(open_data):
    measure(open_data, "one", sample="A")
    measure(open_data, "two", sample="B")

    context = look(sample=Sample.objects.get(name="A").pk)

    assert names(context["page"].rows) == {"one"}
    assert [chip.label for chip in context["chips"]] == ["sample: A"]


def test_each_filter_that_is_on_has_a_chip_that_takes_it_away(measured):
    asked = {"q": "at", "technique": "XRPD", "energy_min": "30", "when": "week"}
    page = visitor(None).get(reverse("home"), asked)

    labels = [chip.label for chip in page.context["chips"]]

    assert labels == ["XRPD", "measured: last 7 days", "energy from 30 keV"]
    assert b'href="?q=at&amp;technique=XRPD&amp;when=week"' in page.content


# --- facets ---


def test_facets_count_what_each_choice_would_leave(measured):
    assert counts(look())["technique"] == {"XRPD": 3, "SAXS": 1}
    assert counts(look(technique="XRPD"))["technique"] == {"XRPD": 3, "SAXS": 1}
    assert counts(look(technique="SAXS"))["when"][str(the_past().year)] == 1
    assert counts(look(energy_max="50", technique="SAXS"))["technique"] == {"XRPD": 2, "SAXS": 0}


@pytest.mark.parametrize("asked", [{}, {"q": "at"}, {"energy_min": "1"}])
def test_tallies_and_rows_tell_the_same(measured, asked):
    year = str(the_past().year)

    told = counts(look(**asked))

    assert told["technique"] == {"XRPD": 3, "SAXS": 1}
    assert told["when"] == {"Last 7 days": None, "Last 30 days": None, year: 4}


def test_beyond_the_cap_numbers_are_lower_bounds_and_say_so(measured, monkeypatch):
    monkeypatch.setattr(tallying, "COUNTED_TO", 3)

    told, narrowed = look(q="at"), look(q="at", technique="XRPD")

    assert told["tallies"].is_capped
    assert sum(counts(told)["technique"].values()) == 4
    assert names(told["page"].rows) == {"at20", "at45", "at60.5", "at75"}
    assert names(narrowed["page"].rows) == {"at20", "at45", "at60.5"}
    assert narrowed["page"].total is None


def test_tallies_follow_whatever_is_written(measured):
    def tallied():
        rows = DatasetTally.objects.filter(n_datasets__gt=0)
        return sorted(rows.values_list("technique_key", "year", "n_datasets"))

    before = tallied()
    Dataset.objects.filter(name="at75").update(technique=technique_named("XRPD"))
    moved = tallied()
    Dataset.objects.filter(name="at20").update(type=Dataset.Type.PROCESSED)
    Dataset.objects.filter(name="at45").delete()
    Dataset.objects.filter(name="at75").update(sorted_at="2019-06-01T00:00:00Z", technique=None)
    kept = tallied()
    count_again()

    assert [n for *_, n in moved] == [4]
    assert [n for *_, n in before] != [n for *_, n in moved]
    assert [(key == 0, year == 2019, n) for key, year, n in kept] == [(True, True, 1), (False, False, 1)]
    assert tallied() == kept


def test_what_a_database_lost_is_made_again_and_filled(measured):
    """SQLite forgets triggers when Django rebuilds a table."""
    lost = {
        "sqlite": ["DROP TRIGGER catalogue_tally_insert", "DROP TRIGGER catalogue_dataset_words_insert"],
        "postgresql": [
            "DROP TRIGGER catalogue_tally ON catalogue_dataset",
            "DROP INDEX catalogue_dataset_words",
        ],
    }[connection.vendor]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in lost:
            cursor.execute(statement)
        if connection.vendor == "sqlite":
            for act in ("update", "delete"):
                cursor.execute(f"DROP TRIGGER catalogue_tally_{act}")
                cursor.execute(f"DROP TRIGGER catalogue_dataset_words_{act}")
    measure(measured, "unseen", technique="SAXS")

    make_structures("default")
    make_structures("default")

    assert found(q="unseen") == {"unseen"}
    assert counts(look())["technique"] == {"XRPD": 3, "SAXS": 2}


# --- who sees what ---


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize(
    "asked", [{"q": "lab6"}, {"energy_min": "1"}, {"technique": "XRPD"}, {"when": "week"}]
)
def test_nothing_is_found_or_counted_that_a_person_may_not_know_of(world, name, asked):
    seen = [which for which in SEE if name in SEE[which]]

    context = look(world.people[name], **asked)

    assert {row.pk for row in context["page"].rows} == {world.datasets[which].pk for which in seen}
    assert context["page"].total == len(seen)
    assert sum(group.n_datasets for group in context["tallies"].groups) == len(seen)
    for kind in ("investigations", "samples", "files"):
        rows = context.get(kind, [])
        assert {investigation_of(row) for row in rows} <= {world.datasets[w].investigation_id for w in seen}


def investigation_of(row):
    if isinstance(row, Investigation):
        return row.pk
    return row.investigation_id if isinstance(row, Sample) else row.dataset.investigation_id


@pytest.mark.parametrize("kind", ["investigations", "samples", "files"])
def test_lists_of_one_kind_show_what_a_person_may_know_of(world, kind):
    words = {"investigations": "cathode", "samples": "lab6", "files": "image"}[kind]

    shown = {
        name: {investigation_of(row) for row in look(person, q=words, kind=kind)["page"].rows}
        for name, person in world.people.items()
    }

    for name, rows in shown.items():
        assert rows >= {world.datasets[which].investigation_id for which in SEE if name in SEE[which]}
        assert not rows & {world.datasets[which].investigation_id for which in SEE if name not in SEE[which]}


def test_a_hidden_sample_is_not_named(world):
    hidden = world.datasets["foreign"].sample
    hidden.name = "secret alloy"
    hidden.save()

    page = visitor(None).get(reverse("home"), {"sample": hidden.pk}).content

    assert b"secret" not in page


def test_facets_offer_nothing_that_only_hidden_data_have(world):
    hidden = make_investigation(make_instrument("SECRET-1"))
    measure(hidden, "x", technique="SAXS", started_at=timezone.now() - timedelta(days=4000))

    page = visitor(None).get(reverse("home"), {"show": "all"}).content.decode()

    assert "SAXS" not in page
    assert "SECRET-1" not in page
    assert str((timezone.now() - timedelta(days=4000)).year) not in page


def test_open_and_embargoed_data_can_be_told_apart(world):
    participant = world.people["participant"]

    assert {row.pk for row in look(participant, access="open")["page"].rows} == {world.datasets["open"].pk}
    assert {row.pk for row in look(participant, access="embargoed")["page"].rows} == {
        world.datasets["embargoed"].pk
    }


def test_a_person_may_search_in_their_own_investigations_alone(open_data):
    person = make_user()
    own = make_investigation(people={person: InvestigationUser.Role.PARTICIPANT})
    measure(own, "hot_own")
    measure(open_data, "hot_open")

    assert found(person, q="hot", show="mine") == {"hot_own"}
    assert found(person, q="hot") == {"hot_own", "hot_open"}
    assert found(None, q="hot", show="mine") == {"hot_open"}


def test_the_first_page_shows_my_own_investigations_with_what_is_new_in_them(world):
    context = look(world.people["participant"])

    assert {row.pk for row in context["page"].rows} == {
        world.datasets[which].investigation_id for which in ("open", "embargoed")
    }
    activity = context["activity"][world.datasets["open"].investigation_id]
    assert (activity.n_datasets, activity.n_new_datasets, activity.n_open_jobs) == (1, 1, 1)


@pytest.mark.parametrize("name", PEOPLE)
def test_the_api_finds_by_words_too_and_nothing_else(world, api_of, name):
    seen = {world.datasets[which].pk for which in SEE if name in SEE[which]}
    api = api_of(world.people[name])

    assert {row["id"] for row in api.get("/api/datasets/", {"q": "lanthanum lab6"}).json()["results"]} == seen
    assert api.get("/api/datasets/", {"q": "unobtainium"}).json()["results"] == []


# --- cost ---


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"show": "all"},
        {"q": "hot"},
        {"technique": "XRPD"},
        {"energy_min": "1"},
        {"q": "hot", "kind": "files"},
    ],
)
def test_the_first_page_asks_the_database_as_often_for_many_as_for_few(
    open_data, asked, django_assert_max_num_queries
):
    person = make_user()
    own = [make_investigation(people={person: InvestigationUser.Role.PARTICIPANT}) for _ in range(8)]
    client = visitor(person)

    for number in range(24):
        measure(own[number % 8], f"hot_{number}", sample=f"s{number}")
    with django_assert_max_num_queries(13) as queries:
        assert client.get(reverse("home"), asked).status_code == 200
    n_before = len(queries.captured_queries)
    for number in range(24, 48):
        measure(own[number % 8], f"hot_{number}", sample=f"s{number}")
    with django_assert_max_num_queries(n_before):
        assert client.get(reverse("home"), asked).status_code == 200


def test_what_is_asked_is_read_from_the_address():
    search = read_search({"q": " ceria ", "when": "2024", "energy_min": "1", "access": "open", "sample": "3"})

    assert (search.text, search.year, search.access, search.sample) == ("ceria", 2024, "open", 3)
    assert [(number.key, bounds.low, bounds.high) for number, bounds in search.ranges.items()] == [
        ("energy", 1.0, None)
    ]
    with pytest.raises(InvalidInput):
        read_search({"distance_max": "far"})
