"""Three investigations, and people in all parts: who should see and do what."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.catalogue.models import InvestigationUser
from portal.jobs.models import Job
from tests.factories import make_dataset, make_instrument, make_investigation, make_user, the_past

Role = InvestigationUser.Role
PEOPLE = ("anonymous", "participant", "observer", "stranger", "scientist", "staff")
INSIDERS = {"participant", "observer", "scientist", "staff"}
SEE = {"open": set(PEOPLE), "embargoed": INSIDERS, "foreign": {"staff"}}
PROCESS = {"open": INSIDERS - {"observer"}, "embargoed": INSIDERS - {"observer"}, "foreign": {"staff"}}


@dataclass
class World:
    """Three investigations with a dataset and a queued job each, and people in all parts."""

    people: dict
    datasets: dict
    jobs: dict

    def ids(self, which):
        """The values that the routes' parameters take for one of the investigations."""
        dataset = self.datasets[which]
        return {
            "investigations": dataset.investigation_id,
            "datasets": dataset.pk,
            "datafiles": dataset.datafiles.first().pk,
            "jobs": self.jobs[which].pk,
            "instruments": dataset.investigation.instrument_id,
        }


@pytest.fixture
def people(participant, observer, scientist, staff, stranger):
    known = {person.username: person for person in (participant, observer, scientist, staff, stranger)}
    return {"anonymous": None, **known}


@pytest.fixture
def world(people, instrument, pipeline):
    roles = {people["participant"]: Role.PARTICIPANT, people["observer"]: Role.OBSERVER}
    tomorrow = timezone.now() + timedelta(days=1)
    investigations = {
        "open": make_investigation(instrument, people=roles, release_date=the_past()),
        "embargoed": make_investigation(instrument, people=roles, release_date=tomorrow),
        "foreign": make_investigation(make_instrument(), people={make_user(): Role.PARTICIPANT}),
    }
    datasets = {which: make_dataset(investigation) for which, investigation in investigations.items()}
    jobs = {which: _job(dataset, pipeline) for which, dataset in datasets.items()}
    return World(people, datasets, jobs)


def _job(dataset, pipeline):
    return Job.objects.create(
        dataset=dataset,
        investigation=dataset.investigation,
        pipeline=pipeline,
        request_key=uuid4(),
        workflow=pipeline.graph,
        recipe_digest="0" * 64,
    )
