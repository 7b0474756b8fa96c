import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _nobody_has_asked_before():
    """Rates are counted in the cache, which outlives a test."""
    cache.clear()
