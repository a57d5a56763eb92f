"""The catalogue's tables; names as in ICAT where ICAT has one."""

from portal.catalogue.models.dataset import Datafile, Dataset, DatasetSummary, DatasetTally
from portal.catalogue.models.facility import Facility, Instrument, Technique
from portal.catalogue.models.investigation import BY_DATE, Investigation, InvestigationUser, Sample
from portal.catalogue.models.logbook import LogbookEvent

__all__ = [
    "BY_DATE",
    "Datafile",
    "Dataset",
    "DatasetSummary",
    "DatasetTally",
    "Facility",
    "Instrument",
    "Investigation",
    "InvestigationUser",
    "LogbookEvent",
    "Sample",
    "Technique",
]
