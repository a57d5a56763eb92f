"""Register what a folder holds as datasets of an investigation."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from portal.catalogue.errors import InvalidInput
from portal.catalogue.models import Investigation
from portal.ingest.services import register_folder


class Command(BaseCommand):
    """``register_folder FOLDER --investigation NAME --instrument NAME``; may be repeated."""

    help = "Register each folder with images, and each loose image, as a dataset of an investigation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the folder, and what names the investigation."""
        parser.add_argument("folder", type=Path, help="below one of REPRISE_RAW_ROOTS")
        parser.add_argument("--investigation", required=True, metavar="NAME")
        parser.add_argument("--instrument", required=True, metavar="NAME")
        parser.add_argument(
            "--visit", default="1", metavar="ID", help="which visit of the proposal; default 1"
        )

    def handle(self, *, folder: Path, investigation: str, instrument: str, visit: str, **_: object) -> None:
        """Print one line for each dataset and for each thing left aside."""
        try:
            row = Investigation.objects.get(name=investigation, instrument__name=instrument, visit_id=visit)
        except Investigation.DoesNotExist:
            raise CommandError(
                f"There is no visit {visit} of investigation {investigation} on {instrument}; "
                "make it first, in the admin pages or through the API."
            ) from None
        try:
            datasets = register_folder(row, folder.absolute(), report=self.stdout.write)
        except InvalidInput as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{len(datasets)} datasets of {row} are registered.")
