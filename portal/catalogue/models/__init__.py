"""The catalogue's tables; names as in ICAT where ICAT has one."""

from portal.catalogue.models.dataset import Datafile, Dataset, DatasetSummary
from portal.catalogue.models.facility import Facility, Instrument, Technique
from portal.catalogue.models.investigation import Investigation, InvestigationUser, Sample
from portal.catalogue.models.logbook import LogbookEvent

__all__ = [
    "Datafile",
    "Dataset",
    "DatasetSummary",
    "Facility",
    "Instrument",
    "Investigation",
    "InvestigationUser",
    "LogbookEvent",
    "Sample",
    "Technique",
]
