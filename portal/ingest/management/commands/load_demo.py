"""Load the demo facility."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from portal.catalogue.errors import PortalError
from portal.ingest.demo import load_demo


class Command(BaseCommand):
    """``load_demo [--data FOLDER]``; ``make demo`` calls it."""

    help = "Load the demo facility with simulated data, or with a folder of real files. Not for real portals."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the folder of real files."""
        parser.add_argument(
            "--data", type=Path, metavar="FOLDER", help="register these files instead of simulating"
        )

    def handle(self, *, data: Path | None, **_: object) -> None:
        """Print a line for each dataset that is made."""
        try:
            load_demo(data=data and data.absolute(), report=self.stdout.write)
        except PortalError as error:
            raise CommandError(error.message) from None
