"""What independent programs say against resources: none of them is the one that wrote them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from tests.feeds.readers import NODE
from tests.fhir.callers import Resource

SCRIPT = Path(__file__).with_name("validate.mjs")


def objections(resources: Sequence[Resource]) -> list[str]:
    """Each resource with what @medplum/core and npm fhir say against it; one process for all."""
    done = subprocess.run(
        [str(NODE), str(SCRIPT)],
        input=json.dumps(list(resources)).encode(),
        capture_output=True,
        check=False,
        cwd=settings.BASE_DIR,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [
        f"{resource['resourceType']}/{resource.get('id', '')} by {who}: {text}"
        for resource, said in zip(resources, json.loads(done.stdout), strict=True)
        for who, texts in said.items()
        for text in texts
    ]
