"""Bring database, pipelines, tasks and static files to the state of the installed version."""

from django.core.management import call_command
from django.core.management.base import BaseCommand

from portal.jobs.services import sync_pipelines
from processing.pipelines import shipped_pipelines


class Command(BaseCommand):
    """``setup_portal``: after an installation and after each update; harmless at any time."""

    help = "Migrate the database, store the shipped pipelines and installed tasks, collect the static files."

    def handle(self, **_: object) -> None:
        """Do all four."""
        call_command("migrate", verbosity=0)
        n_pipelines = sync_pipelines(list(shipped_pipelines()))
        call_command("sync_tasks", stdout=self.stdout, stderr=self.stderr)
        call_command("collectstatic", interactive=False, verbosity=0)
        self.stdout.write(
            f"The database and the static files are up to date; {n_pipelines} pipelines are known."
        )
