from collections.abc import Iterator

import pytest
import time_machine

from tests.cast import NOW
from tests.webhooks.acts import Clock
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    with receiving(settings) as open_door:
        yield open_door


@pytest.fixture
def monday_morning() -> Iterator[None]:
    """The official library refuses signatures that are not of these five minutes."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()
