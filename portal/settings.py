"""Settings of the portal: embedded defaults, every one of them replaceable from the environment.

Without any variable set, everything lives in one folder (``var`` beside this package) and needs no
server: SQLite, Celery's filesystem broker, one worker. ``docs/deploy.md`` lists the variables.
"""

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal.secret import kept_secret

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent

# --- where data lives -------------------------------------------------------------------------
# Staging and outputs are below one folder because publishing is a rename, which works only within
# one file system.
DATA_FOLDER = Path(env("REPRISE_DATA", default=str(BASE_DIR / "var"))).resolve()
STAGING_FOLDER = DATA_FOLDER / "staging"
OUTPUTS_FOLDER = DATA_FOLDER / "outputs"
LOGS_FOLDER = DATA_FOLDER / "logs"
ENGINES_FOLDER = DATA_FOLDER / "engines"
# A dataset may be registered only below one of these folders.
RAW_ROOTS = [
    Path(root).resolve() for root in env.list("REPRISE_RAW_ROOTS", default=[str(DATA_FOLDER / "raw")])
]
for _folder in (DATA_FOLDER, STAGING_FOLDER, OUTPUTS_FOLDER, LOGS_FOLDER, ENGINES_FOLDER):
    _folder.mkdir(mode=0o700, parents=True, exist_ok=True)

# --- downloads --------------------------------------------------------------------------------
# "x-accel": nginx in front sends the files, by the configuration of ``manage.py print_nginx_config``.
SENDFILE = env("REPRISE_SENDFILE", default="direct")
if SENDFILE not in ("direct", "x-accel"):
    raise ImproperlyConfigured(f"REPRISE_SENDFILE is direct or x-accel, not {SENDFILE!r}.")
ARCHIVE_LIMIT_BYTES = env.int("REPRISE_ARCHIVE_LIMIT", default=50 * 2**30)
# Of each web process; an archive holds a thread for as long as its download takes.
ARCHIVES_AT_A_TIME = env.int("REPRISE_ARCHIVES", default=2)

# --- the web ----------------------------------------------------------------------------------
DEBUG = env.bool("REPRISE_DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="") or kept_secret(DATA_FOLDER / "secret.key")
ALLOWED_HOSTS = env.list("REPRISE_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("REPRISE_ORIGINS", default=[])
FACILITY_NAME = env("REPRISE_FACILITY", default="Reprise")

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django_htmx",
    "rest_framework",
    "django_filters",
    "knox",
    "drf_spectacular",
    "axes",
    "portal.catalogue",
    "portal.access",
    "portal.storage",
    "portal.jobs",
    "portal.ingest",
    "portal.pages",
    "portal.api",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.pages.errors.PortalErrorMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "portal" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.pages.context.facility",
            ],
        },
    },
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# Set REPRISE_HTTPS=1 where the portal is reached over TLS, as every real site is.
HTTPS = env.bool("REPRISE_HTTPS", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

STATIC_URL = "static/"
STATIC_ROOT = DATA_FOLDER / "static"
STATICFILES_DIRS = [BASE_DIR / "portal" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LANGUAGE_CODE = "en"
TIME_ZONE = env("REPRISE_TIME_ZONE", default="UTC")
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- who someone is ---------------------------------------------------------------------------
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_VERBOSE = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    # Rows are filtered by portal.access; a request without a person sees open data.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.parsers.BoundedJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "portal.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "portal.api.errors.handle",
}
REST_KNOX = {"TOKEN_TTL": None, "TOKEN_PREFIX": "rpr_", "AUTO_REFRESH": False}
SPECTACULAR_SETTINGS = {
    "TITLE": "Reprise",
    "DESCRIPTION": "Register measured datasets, reprocess them, follow the jobs, download the results.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # Both are fields called type, of different things.
    "ENUM_NAME_OVERRIDES": {
        "DatasetTypeEnum": "portal.catalogue.models.Dataset.Type",
        "LogbookTypeEnum": "portal.catalogue.models.LogbookEvent.Type",
    },
}

# --- the database -----------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_FOLDER / 'reprise.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Measured: with SQLite's own defaults a quarter of the writes of four busy processes fail with
    # "database is locked"; with these three, none.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- jobs -------------------------------------------------------------------------------------
JOB_LEASE_S = env.float("REPRISE_LEASE", default=60.0)
JOB_MAX_ATTEMPTS = env.int("REPRISE_MAX_ATTEMPTS", default=3)
JOB_RETRY_PAUSES_S = env.list("REPRISE_RETRY_PAUSES", cast=float, default=[5.0, 30.0])
JOB_TIME_LIMIT_S = env.float("REPRISE_TIME_LIMIT", default=3600.0)
JOB_MEMORY_LIMIT_BYTES = env.int("REPRISE_MEMORY_LIMIT", default=16 * 2**30)
JOB_SWEEP_INTERVAL_S = env.float("REPRISE_SWEEP_INTERVAL", default=5.0)
# A queued job that nobody took for this long is announced again; well above an ordinary queue delay.
JOB_ANNOUNCE_AGAIN_S = env.float("REPRISE_ANNOUNCE_AGAIN", default=30.0)
ENGINES_LIMIT_BYTES = env.int("REPRISE_ENGINES_LIMIT", default=2 * 2**30)

# --- the explorer -----------------------------------------------------------------------------
# Of one question about a file: values that it may ask for, memory, time. Each web process reads so many
# files at a time; fewer than its threads, so that other pages are answered meanwhile.
EXPLORE_LIMIT_BYTES = env.int("REPRISE_EXPLORE_LIMIT", default=64 * 2**20)
EXPLORE_MEMORY_LIMIT_BYTES = env.int("REPRISE_EXPLORE_MEMORY_LIMIT", default=2 * 2**30)
EXPLORE_TIME_LIMIT_S = env.float("REPRISE_EXPLORE_TIME_LIMIT", default=15.0)
EXPLORE_READERS = env.int("REPRISE_EXPLORE_READERS", default=2)
# A larger picture or text can be downloaded, but is not shown.
SHOWN_LIMIT_BYTES = env.int("REPRISE_SHOWN_LIMIT", default=20 * 2**20)

BROKER_PROCESSED_FOLDER: Path | None = None
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="filesystem://localhost")
if CELERY_BROKER_URL.startswith("filesystem:"):
    _broker = DATA_FOLDER / "broker"
    for _folder in (_broker, _broker / "messages", _broker / "processed"):
        _folder.mkdir(mode=0o700, exist_ok=True)
    CELERY_BROKER_TRANSPORT = "portal.jobs.folder_broker:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker / "messages"),
        "data_folder_out": str(_broker / "messages"),
        # Otherwise a message passes through the machine's shared temporary folder.
        "store_processed": True,
        "processed_folder": str(_broker / "processed"),
        "polling_interval": 0.05,
    }
    BROKER_PROCESSED_FOLDER = _broker / "processed"
else:
    # A broker that refuses, or accepts a connection and stays silent, must not hold a page.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        **dict.fromkeys(("socket_timeout", "socket_connect_timeout", "connect_timeout"), 2),
        "max_retries": 1,
        "interval_start": 0,
    }
CELERY_TASK_DEFAULT_QUEUE = "reprise"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "portal": {"level": "INFO"},
        "axes": {"level": "ERROR"},
        # They warn of missing graphics cards and of odd tags in files that are read all the same.
        "silx": {"level": "ERROR"},
        "fabio": {"level": "ERROR"},
    },
}
