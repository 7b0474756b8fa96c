"""Whatever is in the file, the answer is documents or a list of problems."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.catalogue import InvalidCatalogue, read, write
from scheduling.catalogue.reading import TEMPLATES

LINES = (TEMPLATES / "aud-kare.yaml").read_text().splitlines()
SCRAPS = st.sampled_from(
    ["{", "[", "]", "&a", "*a", "!!int", "- ", "null", "~", "1e999", "0x1F", "<<", "? x", "|", "😀"]
)


def survives(text):
    with contextlib.suppress(InvalidCatalogue):
        documents = read(text)
        again = read(write(document.definition for document in documents))
        assert [one.definition for one in again] == [one.definition for one in documents]


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_is_answered(text):
    survives(text)


@given(st.integers(0, len(LINES) - 1), st.integers(0, 80), SCRAPS)
@settings(max_examples=100, deadline=None)
def test_a_template_with_a_scrap_in_the_wrong_place_is_answered(number, column, scrap):
    line = LINES[number]
    broken = line[:column] + scrap + line[column:]
    survives("\n".join([*LINES[:number], broken, *LINES[number + 1 :]]))


@given(st.integers(0, len(LINES) - 1), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_a_template_with_lines_missing_is_answered(number, count):
    survives("\n".join(LINES[:number] + LINES[number + count :]))
