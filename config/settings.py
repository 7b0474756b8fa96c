"""Every setting, read from the environment; SQLite unless DATABASE_URL says otherwise."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)


def _kept_secret() -> str:
    """A secret for this machine, made once and kept in var/, for the one-machine clinic."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        VAR_DIR.mkdir(exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(get_random_secret_key())
        fresh.chmod(0o600)
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", default="") or _kept_secret()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
BEHIND_TLS = env.bool("BEHIND_TLS", default=False)

INSTALLED_APPS = [
    "clinic",
    "scheduling",
    "billing",
    "api",
    "api.desk",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "oauth2_provider",
    "django_htmx",
    "django_cotton",
    "csp",
]

MIDDLEWARE = [
    "config.logs.access_log",
    "api.errors.problems_under_api",
    "api.fhir.outcomes.outcomes_under_fhir",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "clinic.User"
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'chairtime.sqlite3'}")
}
SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if SQLITE:
    VAR_DIR.mkdir(exist_ok=True)
    # Opening the file anew for each request takes longer than most requests.
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
            "PRAGMA foreign_keys=ON; PRAGMA cache_size=-20000;"
        ),
    }
else:
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {"min_size": 1, "max_size": 12}
DATABASES["default"]["TEST"] = {
    "NAME": (
        str(VAR_DIR / f"test-{os.getpid()}.sqlite3") if SQLITE else f"test_chairtime_{os.getpid()}"
    )
}

CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://chairtime")}

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "api.accounts.InvitedOnly"
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
ACCOUNT_SESSION_REMEMBER = False
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "api.errors.answer",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "api.rest.schema.Described",
}
SPECTACULAR_SETTINGS = {
    "ENUM_NAME_OVERRIDES": {
        "VisitStatus": "scheduling.models.Status",
        "SeriesStatus": "scheduling.models.Series.State",
        "RecoveryStatus": "scheduling.models.Recovery.State",
        "OfferState": "scheduling.models.Offer.State",
        "WaitState": "scheduling.models.WaitlistEntry.State",
        "FollowUpState": "scheduling.models.FollowUp.State",
        "FollowUpKind": "scheduling.models.FollowUp.Kind",
        "CancelKind": "scheduling.models.CancelKind",
        "WebhookState": "api.webhooks.models.WebhookEndpoint.State",
        "WebhookDetail": "api.webhooks.models.WebhookEndpoint.Detail",
        "WebhookDeliveryState": "api.webhooks.models.WebhookDelivery.State",
        "FeedDetail": "scheduling.models.CalendarFeed.Detail",
        "DeskMethod": ["cash", "card", "check"],
        "ChargeKind": "billing.models.Charge.Kind",
        "ChargeState": "billing.models.Charge.State",
        "ClaimState": "billing.models.Claim.State",
        "EstimateState": "billing.models.Estimate.State",
        "PrepaidKind": "billing.models.Prepaid.Kind",
        "PrepaidState": "billing.models.Prepaid.State",
        "PaymentMethod": "billing.models.Payment.Method",
        "PaymentState": "billing.models.Payment.State",
    },
    "TITLE": "Chairtime",
    "DESCRIPTION": "Book whole treatment series in an infusion clinic.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.rest.schema.finish",
    ],
}
OAUTH2_PROVIDER = {
    "SCOPES_BACKEND_CLASS": "api.tokens.ClientScopes",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    **{
        f"COMPLIANT_BCP_RFC9700_{practice}": True
        for practice in (
            "IMPLICIT_GRANT",
            "PASSWORD_GRANT",
            "PKCE_METHOD",
            "ACCESS_TOKEN_TRANSPORT",
            "AUTHZ_RESPONSE_ISS",
            "TOKEN_STORAGE",
            "REFRESH_TOKEN",
            "REDIRECT_URI_SCHEME",
            "REDIRECT_URI_MATCHING",
            "PKCE_REQUIRED",
        )
    },
}

FOLLOWUPS = "config.followups.FOLLOWUPS"
OUTBOX = "config.followups.keep_for_webhooks"
DEMO_FILLS = [
    "billing.demo.claims.insure",
    "billing.demo.charges.fill",
    "billing.demo.claims.fill",
    "billing.demo.documents.fill",
    "billing.demo.payments.fill",
]
"""What follows on `load_demo`, in order: each is called with the demo's `now`."""

LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
if CELERY_BROKER_URL.startswith("filesystem:"):
    _broker = Path(CELERY_BROKER_URL.removeprefix("filesystem://") or VAR_DIR / "broker")
    CELERY_BROKER_URL = "filesystem://"
    _queue, _control = _broker / "queue", _broker / "control"
    for _folder in (_queue, _control):
        _folder.mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue),
        "data_folder_out": str(_queue),
        "control_folder": str(_control),
    }
elif CELERY_BROKER_URL.startswith("redis"):
    # Without these a booking waits for six seconds when there is no queue.
    _at_once = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, **_at_once}
# A queue that cannot be reached keeps nobody waiting: the clock finds what it missed.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

# How messages to patients leave. Without a server for them they are written to files.
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://127.0.0.1:{env.str('PORT', default='8000')}")
PUBLIC_URL = PUBLIC_URL.rstrip("/")
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="appointments@localhost")
_mail = env.str("EMAIL_URL", default="")
if _mail:
    vars().update(env.email_url_config(_mail))
EMAIL_TIMEOUT = 20
SMS_URL, SMS_TOKEN = env.str("SMS_URL", default=""), env.str("SMS_TOKEN", default="")
if SMS_URL and not SMS_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured("SMS_URL must be an address that begins with https:// or http://.")
MESSAGE_SPOOL = Path(env.str("MESSAGE_SPOOL", default=str(VAR_DIR / "messages")))
_ways = "scheduling.messaging.adapters."
MESSAGE_WAYS = {
    "email": _ways + ("smtp.Smtp" if _mail else "spool.Spool"),
    "text": _ways + ("http.HttpText" if SMS_URL else "spool.Spool"),
}
MESSAGE_LEASE_SECONDS = env.int("MESSAGE_LEASE_SECONDS", default=120)
# host:port inside the clinic's network that calendars and webhooks may nevertheless point at.
PRIVATE_ADDRESSES = env.list("PRIVATE_ADDRESSES", default=[])
REMINDER_HOURS = env.list("REMINDER_HOURS", cast=int, default=[72, 24])

# Cards on line are off without a key. STRIPE_API_BASE is where tests have a Stripe of their own.
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_PUBLISHABLE_KEY = env.str("STRIPE_PUBLISHABLE_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonLine"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO"},
        # A 4xx is in the access line already.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"handlers": [], "propagate": False},
        "stripe": {"level": "WARNING"},
    },
}
