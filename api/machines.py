"""What every door for machines does before and after its own few lines, REST or FHIR."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.errors import Problem
from api.once import once
from api.permissions import ApiClient, Reach, require, sites_for
from api.rate import PerClient
from api.tokens import BearerToken
from clinic.journal import Actor


class MachineDoor(APIView):
    """`actions` tells for each method which row of api.permissions it needs.

    `via` names the door in the journal; `answers_once` is for POSTs that change things: they obey
    Idempotency-Key.
    """

    actions: ClassVar[Mapping[str, str]]
    via: ClassVar[str]
    answers_once: ClassVar[bool] = True

    authentication_classes = [BearerToken]
    permission_classes: ClassVar[list[Any]] = []
    throttle_classes = [PerClient]
    metadata_class = None

    now: datetime

    @property
    def client(self) -> ApiClient:
        """Who asks; `initial` lets nobody else in."""
        client = self.request.user
        if not isinstance(client, ApiClient):
            raise NotAuthenticated("Send a bearer token.")
        return client

    @property
    def actor(self) -> Actor:
        return Actor(name=self.client.name, door=self.via)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.now = timezone.now()
        self.perform_authentication(request)
        self.check_throttles(request)
        if not isinstance(request.user, ApiClient):
            raise NotAuthenticated("Send a bearer token.")
        method = self.row(request.method or "")
        if method not in self.actions:
            raise MethodNotAllowed(method)
        self.permit(method)
        if "Transfer-Encoding" in request.headers:
            raise Problem("length-needed", "Send a Content-Length, not a body in chunks.")

    def permit(self, method: str) -> None:
        """NotPermitted unless the client may do this somewhere."""
        require(self.client, self.actions[method])

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if standing := getattr(request, "standing", None):
            for name, value in standing.headers.items():
                response[name] = value
        response["Cache-Control"] = "no-store"
        return response

    def post(self, request: Request, **at: str) -> Response:
        """Create, once for one Idempotency-Key."""
        if not self.answers_once:
            return self.create(request, **at)

        def run() -> Response:
            try:
                return self.create(request, **at)
            except Exception as error:
                response = self.get_exception_handler()(error, self.get_exception_handler_context())
                if response is None:
                    raise
                return response

        return once(request, self.now, run)

    def create(self, request: Request, **at: str) -> Response:
        """What a POST does."""
        raise NotImplementedError

    def reach(self) -> Reach:
        """The sites of the action at hand."""
        return sites_for(self.client, self.actions[self.row(self.request.method or "")])

    def _allowed_methods(self) -> list[str]:
        return list(self.actions)

    @staticmethod
    def row(method: str) -> str:
        """HEAD is a GET."""
        return "GET" if method == "HEAD" else method
