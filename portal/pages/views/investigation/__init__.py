"""An investigation: one view for each of its tabs."""

from portal.pages.views.investigation.datasets_tab import datasets
from portal.pages.views.investigation.experiment_tab import experiment
from portal.pages.views.investigation.list_tabs import jobs, processed, samples
from portal.pages.views.investigation.statistics_tab import statistics

__all__ = ["datasets", "experiment", "jobs", "processed", "samples", "statistics"]
