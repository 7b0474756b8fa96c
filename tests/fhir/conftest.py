import pytest
import time_machine

from tests.cast import NOW


@pytest.fixture(autouse=True)
def monday_morning():
    """It is Monday, 07:00 in New York."""
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock
