"""Store what is known of the installed tasks and workflows, for the catalogue on the pages."""

import sys

from django.core.management.base import BaseCommand

from portal.jobs.installed import store_tasks, store_workflows
from workflows.catalog.environments import BadEnvironment, catalogue_of
from workflows.catalog.stored_workflows import discover_workflows


class Command(BaseCommand):
    """``sync_tasks``: after a package with tasks was installed, updated or removed.

    The tasks are looked for by a process of its own, because that imports the code of the packages: a
    package that cannot be imported is named and left out, one that crashes or hangs changes nothing.
    """

    help = "Store the descriptions of the installed ewoks tasks and workflows."

    def handle(self, **_: object) -> None:
        """Look, store, and say what could not be read."""
        workflows = discover_workflows()
        n_workflows = store_workflows(workflows.workflows)
        problems = list(workflows.problems)
        try:
            catalog = catalogue_of(sys.executable, name="portal")
        except BadEnvironment as error:
            problems.append(f"{error}; the tasks known so far are kept")
        else:
            n_tasks = store_tasks(catalog.tasks)
            problems += catalog.problems
            self.stdout.write(f"{n_tasks} tasks and {n_workflows} workflows are installed.")
        for problem in problems:
            self.stderr.write(f"Left out: {problem}")
