"""How fast a caller may ask: a bucket of tokens in the cache, refilled steadily.

Counted by the cache's own atomic increment, so that callers in parallel are all counted. The
bucket is kept as "asked since it was last full": level = asked - rate x elapsed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from api.permissions import ApiClient


@dataclass(frozen=True, slots=True)
class Limit:
    """`rate` requests a second in the long run, `burst` at once."""

    name: str
    rate: float
    burst: int

    @property
    def window(self) -> int:
        """Seconds in which an empty bucket fills."""
        return math.ceil(self.burst / self.rate)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after asking: requests left now, or seconds to wait."""

    limit: Limit
    left: int
    wait: float

    @property
    def headers(self) -> dict[str, str]:
        """RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers."""
        seconds = math.ceil(self.wait or (self.limit.burst - self.left) / self.limit.rate)
        policy = f'"{self.limit.name}";q={self.limit.burst};w={self.limit.window}'
        return {
            "RateLimit-Policy": policy,
            "RateLimit": f'"{self.limit.name}";r={self.left};t={seconds}',
        }


PER_CLIENT = Limit("client", rate=50, burst=500)
SIGN_IN = Limit("sign-in", rate=2, burst=60)
REMEMBERED_SECONDS = 86_400


def ask(limit: Limit, who: str) -> Standing:
    """Count one request of `who`. A refused one is not counted."""
    now = timezone.now().timestamp()
    bucket = f"rate:{limit.name}:{who}"
    since, count = f"{bucket}:full", f"{bucket}:asked"
    full_at = cache.get(since)
    if full_at is not None:
        cache.add(count, 0, timeout=REMEMBERED_SECONDS)
        level = cache.incr(count) - limit.rate * (now - full_at)
        if level > limit.burst:
            cache.decr(count)
            return Standing(limit, 0, (level - limit.burst) / limit.rate)
        if level > 1:
            return Standing(limit, int(limit.burst - level), 0)
    cache.set_many({since: now, count: 1}, timeout=REMEMBERED_SECONDS)
    return Standing(limit, limit.burst - 1, 0)


def address(request: Any) -> str:
    """Who asks, when nobody has said who they are."""
    return str(request.META.get("REMOTE_ADDR", ""))


class PerClient(BaseThrottle):
    """Leaves `request.standing` for the answer's headers."""

    def allow_request(self, request: Request, view: Any) -> bool:
        who = request.user
        name = str(who.id) if isinstance(who, ApiClient) else address(request)
        self.standing = ask(PER_CLIENT, name)
        request.standing = self.standing
        return not self.standing.wait

    def wait(self) -> float:
        return self.standing.wait
