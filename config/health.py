"""What a container asks about itself: `python -m config.health web` or `beat`; exit 0 is well."""

from __future__ import annotations

import http.client
import os
import sys
import time
from pathlib import Path

# Beat writes its schedule every three minutes.
BEAT_SILENT_SECONDS = 600


def web() -> bool:
    """The web process answers under the first of its own host names."""
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].lstrip(".")
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=5)
    connection.request("GET", "/healthz", headers={"Host": host})
    return connection.getresponse().status == 200


def beat() -> bool:
    written = [path.stat().st_mtime for path in Path("/tmp").glob("beat*")]  # noqa: S108 - its own
    return bool(written) and time.time() - max(written) < BEAT_SILENT_SECONDS


if __name__ == "__main__":
    sys.exit(not {"web": web, "beat": beat}[sys.argv[1]]())
