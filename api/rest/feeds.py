"""Calendar addresses, for the programs that hand them out."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import wrong
from api.permissions import require
from api.rest import shapes
from api.rest.doors import Door
from api.rest.pages import PAGING, page
from clinic.models import Room, Site, Staff
from scheduling.models import CalendarFeed
from scheduling.services.feeds import create_feed, revoke_feed, rotate_feed

OWNERS = ("staff", "room", "site")


class FeedDoor(Door):
    """Whose feeds a client reaches, and what it may reveal in one."""

    def feeds(self) -> QuerySet[CalendarFeed]:
        """Those in use, of the client's sites."""
        reach = self.reach()
        rows = CalendarFeed.objects.select_related("resource").filter(revoked_at=None)
        if reach.everywhere:
            return rows
        staff = Staff.objects.filter(sites__in=reach.sites)
        of_sites = reach.q() | reach.q("resource__room__site") | Q(resource__staff__in=staff)
        of_sites |= reach.q("series__site")
        return rows.filter(of_sites)

    def owner(self, name: str, identifier: str) -> Staff | Room | Site:
        if name == "site":
            return self.site(name, identifier)
        if name == "room":
            room: Room = self.named(Room.objects.all(), name, identifier)
            require(self.client, "manage_feeds_any", room.site_id)
            return room
        staff: Staff = self.named(Staff.objects.all(), name, identifier)
        reach = self.reach()
        if not reach.everywhere and not staff.sites.filter(pk__in=reach.sites).exists():
            require(self.client, "manage_feeds_any", 0)
        return staff

    def may_reveal(self, detail: str) -> None:
        """Who may not see a name cannot have it sent to a calendar."""
        if detail != "busy":
            require(self.client, "see_day")
        if detail == "full":
            require(self.client, "see_names")

    def one(self, identifier: str) -> CalendarFeed:
        feed: CalendarFeed = self.at(self.feeds(), identifier)
        return feed


class CalendarFeeds(FeedDoor):
    actions = {"GET": "see_feeds", "POST": "manage_feeds_any"}
    queries = {"GET": PAGING}
    bodies = {"POST": shapes.FeedBody}
    answers = {
        "GET": (200, shapes.listed(shapes.FeedShape)),
        "POST": (201, shapes.NewFeedShape),
    }

    def get(self, request: Request) -> Response:
        """Addresses in use; the secret part is never shown again."""
        return page(request, self.asked, self.feeds().order_by("pk"), show_feed)

    def create(self, request: Request, **at: str) -> Response:
        """Give out a calendar address of a staff member, a room or a site."""
        body = self.body()
        owners = [name for name in OWNERS if name in body]
        if len(owners) != 1:
            raise wrong("staff", "Name one of staff, room and site.")
        owner = self.owner(owners[0], body[owners[0]])
        self.may_reveal(body["detail"])
        feed, secret = create_feed(
            resource=None if isinstance(owner, Site) else owner.pk,
            site=owner.pk if isinstance(owner, Site) else None,
            detail=body["detail"],
            label=body["label"],
            user=None,
            actor=self.actor,
            now=self.now,
        )
        return Response(show_feed(feed) | {"url": address(request, secret)}, status=201)


class OneFeed(FeedDoor):
    actions = {"DELETE": "manage_feeds_any"}
    answers = {"DELETE": (204, None)}

    def delete(self, request: Request, id: str) -> Response:
        """Take an address back: it is unknown from this moment."""
        try:
            revoke_feed(feed=self.one(id).pk, actor=self.actor, now=self.now)
        except CalendarFeed.DoesNotExist:
            raise Http404 from None
        return Response(status=204)


class FeedRotation(FeedDoor):
    actions = {"POST": "manage_feeds_any"}
    bodies = {"POST": shapes.EmptyBody}
    answers = {"POST": (200, shapes.NewFeedShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Give a feed a new address; the old one is unknown from this moment."""
        self.body()
        feed = self.one(at["id"])
        self.may_reveal(feed.detail)
        try:
            feed, secret = rotate_feed(feed=feed.pk, user=None, actor=self.actor, now=self.now)
        except CalendarFeed.DoesNotExist:
            raise Http404 from None
        return Response(show_feed(feed) | {"url": address(request, secret)})


def address(request: Request, secret: str) -> str:
    """The absolute URL that a calendar subscribes to."""
    return request.build_absolute_uri(reverse("calendar_feed", args=[secret]))


def show_feed(feed: CalendarFeed) -> dict[str, Any]:
    of, owner = "site", feed.site_id
    if feed.resource:
        of, owner = feed.resource.kind, feed.resource_id
    elif feed.series_id:
        of, owner = "series", feed.series_id
    return {"id": str(feed.pk), of: str(owner), "detail": feed.detail, "label": feed.label}
