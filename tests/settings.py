"""The settings, less what a test cannot use: a manifest, a slow hash, limits kept in a cache."""

from config.settings import *  # noqa: F403
from config.settings import DATABASES, SQLITE, STORAGES, env

if not SQLITE:
    DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"
    # What `make test` has migrated already, for each worker to copy.
    DATABASES["default"]["TEST"]["TEMPLATE"] = env.str("TEST_TEMPLATE", default="")

STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
