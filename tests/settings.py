"""The portal's settings for its tests: the same, in a folder that is thrown away.

``DATABASE_URL`` is respected, so that the suite runs on PostgreSQL as well.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_folder = Path(tempfile.mkdtemp(prefix="reprise-tests-"))
_made_by = os.getpid()
os.environ["REPRISE_DATA"] = str(_folder)
os.environ["REPRISE_RAW_ROOTS"] = str(_folder / "raw")


@atexit.register
def _remove_folder() -> None:
    # A forked child must not remove what its parent still uses.
    if os.getpid() == _made_by:
        shutil.rmtree(_folder, ignore_errors=True)


from portal.settings import *  # noqa: E402, F403 - reads the environment that is set above
from portal.settings import DATABASES, RAW_ROOTS, STATIC_ROOT, STORAGES  # noqa: E402

for _needed in (STATIC_ROOT, *RAW_ROOTS):
    Path(_needed).mkdir(exist_ok=True)

# Quick to compute; the tests keep nothing secret.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Nothing is collected before a test.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file as on a real site: SQLite in memory locks in other ways, and threads could not share it.
    DATABASES["default"]["TEST"] = {"NAME": str(_folder / "test.sqlite3")}
