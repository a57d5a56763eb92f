"""The project as a whole: migrations that match the models, settings fit for a real site."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_production_settings_pass_the_deployment_check(tmp_path):
    settings = {"REPRISE_DATA": str(tmp_path), "REPRISE_HTTPS": "1", "REPRISE_HOSTS": "portal.example.org"}
    env = {name: value for name, value in os.environ.items() if not name.startswith(("REPRISE_", "DJANGO_"))}

    check = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=PROJECT,
        env={**env, **settings},
        capture_output=True,
        text=True,
        check=False,
    )

    assert check.returncode == 0, check.stderr
