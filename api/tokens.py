"""Bearer tokens of machines: given out, kept as hashes, and read back as an ApiClient."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from oauth2_provider.models import AccessToken, Application, set_token_value
from oauth2_provider.scopes import BaseScopes
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from api.models import Client
from api.permissions import SCOPES, ApiClient
from clinic import journal
from clinic.journal import Actor
from clinic.models import Site
from clinic.transactions import durable

LIFETIME = timedelta(days=365)
OPERATOR = Actor(name="operator", door="command")


@dataclass(frozen=True, slots=True)
class Issued:
    """What is shown once: `secret` is None for a client that had one already."""

    token: str
    client_id: str
    secret: str | None
    scopes: list[str]
    expires_at: datetime


class UnknownClient(Exception):
    """No client has this name."""


@durable
def issue_token(
    *, name: str, scopes: Iterable[str] | None, sites: Iterable[Site] | None, now: datetime
) -> Issued:
    """A further token for the client of that name, which is made when there is none.

    None means every scope, or every site. A client may ask /o/token/ for any scope that one of
    its tokens was given here; its sites are those given last.
    """
    granted = sorted(SCOPES if scopes is None else scopes)
    client, secret = _client(name)
    client.scopes = sorted({*client.scopes, *granted})
    client.every_site = sites is None
    client.save()
    client.sites.set(sites or [])
    token = secrets.token_urlsafe(32)
    row = AccessToken(
        application=client.application, scope=" ".join(granted), expires=now + LIFETIME
    )
    set_token_value(row, token)
    row.save()
    journal.record(
        actor=OPERATOR,
        now=now,
        action="token.issued",
        subject=f"client:{client.pk}",
        after={"name": name, "scopes": granted, "sites": [site.pk for site in sites or []]},
    )
    return Issued(token, client.application.client_id, secret, granted, row.expires)


@durable
def end_tokens(*, name: str, now: datetime) -> int:
    """End every token of a client and its secret; how many tokens there were. UnknownClient."""
    client = Client.objects.select_related("application").filter(application__name=name).first()
    if client is None:
        raise UnknownClient(name)
    client.application.client_secret = secrets.token_urlsafe(32)
    client.application.save()
    ended, _ = AccessToken.objects.filter(application=client.application).delete()
    journal.record(
        actor=OPERATOR,
        now=now,
        action="tokens.ended",
        subject=f"client:{client.pk}",
        before={"name": name, "tokens": ended},
    )
    return ended


def _client(name: str) -> tuple[Client, str | None]:
    """The client of that name; made when there is none, then with its secret."""
    if client := Client.objects.filter(application__name=name).first():
        return client, None
    secret = secrets.token_urlsafe(32)
    application = Application.objects.create(
        name=name,
        client_secret=secret,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )
    return Client.objects.create(application=application), secret


def bearer(token: str, now: datetime) -> ApiClient | None:
    """The machine that holds `token`, with what it may do; None when it is none of ours."""
    row = (
        AccessToken.objects.select_related("application__client")
        .filter(token_checksum=hashlib.sha256(token.encode()).hexdigest(), expires__gt=now)
        .first()
    )
    client: Client | None = getattr(row.application, "client", None) if row else None
    if row is None or client is None:
        return None
    sites = None if client.every_site else frozenset(client.sites.values_list("pk", flat=True))
    return ApiClient(
        id=client.pk,
        name=client.application.name,
        scopes=frozenset(row.scope.split()) & frozenset(client.scopes),
        sites=sites,
    )


class ClientScopes(BaseScopes):
    """What /o/token/ may put in a token: the scopes of that client, all of them by default."""

    def get_all_scopes(self) -> dict[str, str]:
        return SCOPES

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        client: Client | None = getattr(application, "client", None)
        return client.scopes if client else []

    get_default_scopes = get_available_scopes


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer TOKEN` (RFC 6750), in the header only."""

    def authenticate(self, request: Request) -> tuple[ApiClient, None] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        client = bearer(token.strip().decode("latin-1"), timezone.now())
        if client is None:
            raise AuthenticationFailed("This token is unknown or has expired.")
        return client, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'
