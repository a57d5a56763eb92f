"""The configuration of nginx in front of the portal, with this portal's folders filled in."""

import re
from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.storage.downloads import INTERNAL_PREFIX

# What needs no escape in a quoted word of nginx.
_PLAIN = re.compile(r'[^"\\$;{}\x00-\x1f]+')

_SERVER = """\
# Made by "manage.py print_nginx_config"; make it again when REPRISE_DATA or REPRISE_RAW_ROOTS change.
server {{
    listen {listen};
    server_name {names};
    client_max_body_size 3m;

    location / {{
        proxy_pass {upstream};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        # Set here, never passed on from a visitor.
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-For $remote_addr;
        # The rest of a broken zip begins after its first part was read again.
        proxy_read_timeout 1h;
        # Archives pass through unbuffered, this much at a time.
        proxy_buffer_size 256k;
        proxy_buffers 8 256k;
        proxy_busy_buffers_size 512k;
    }}

    # Files that the portal has allowed one visitor to get; nobody reaches these addresses from outside.
{folders}}}
"""

_FOLDER = """\
    location "{prefix}{folder}/" {{
        internal;
        alias "{folder}/";
        # The portal names real paths, so a link on the way was put there after it looked.
        disable_symlinks on;
        sendfile on;
        tcp_nopush on;
        gzip off;
        add_header X-Content-Type-Options nosniff always;
        add_header Content-Security-Policy "default-src 'none'; sandbox" always;
    }}
"""


class Command(BaseCommand):
    """``print_nginx_config``: for a site where ``REPRISE_SENDFILE`` is ``x-accel``."""

    help = "Print a server block for nginx that serves this portal and sends its files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what cannot be known from the settings."""
        parser.add_argument("--listen", default="80", help="what nginx listens on (default 80)")
        parser.add_argument(
            "--upstream", default="http://127.0.0.1:8000", help="where gunicorn is (default %(default)s)"
        )

    def handle(self, *, listen: str, upstream: str, **_: object) -> None:
        """Print the block."""
        folders = "".join(map(_location, dict.fromkeys([settings.OUTPUTS_FOLDER, *settings.RAW_ROOTS])))
        names = " ".join(host for host in settings.ALLOWED_HOSTS if not host.startswith("[")) or "_"
        block = _SERVER.format(listen=listen, names=names, upstream=upstream, folders=folders)
        self.stdout.write(block, ending="")


def _location(folder: Path) -> str:
    if not _PLAIN.fullmatch(str(folder)):
        raise CommandError(f"nginx cannot be told of {folder}: its name has a sign with a meaning there.")
    return _FOLDER.format(prefix=INTERNAL_PREFIX, folder=folder)
