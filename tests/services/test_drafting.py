"""A protocol written in the browser: drafts, the next version, and its review."""

from copy import deepcopy
from functools import partial

import pytest

from clinic.models import Journal
from scheduling import catalogue
from scheduling.catalogue import drafts
from scheduling.models import Appointment, ProtocolDraft, ProtocolVersion
from scheduling.selectors import propose_series
from scheduling.selectors.protocols import standings, versions_of
from scheduling.services.booking import book_series
from scheduling.services.catalogue import import_catalogue
from scheduling.services.drafting import (
    DraftMoved,
    DraftNotReady,
    DraftTooLong,
    KeyTaken,
    PartChanged,
    UnknownDraft,
    digest,
    discard_draft,
    draft_new,
    make_version,
    open_draft,
    rearrange,
    review_version,
    write_part,
)
from tests.cast import DESK, MONDAY, NOW, house, kare_times, patient, protocol, token
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
BY = {"actor": DESK, "now": NOW}
INF2 = "step:inf2"


@pytest.fixture
def kare():
    return protocol("aud-kare")


@pytest.fixture
def draft(kare):
    return open_draft(key="aud-kare", **BY)


def step(draft, **facts):
    return deepcopy(drafts.part_of(draft.definition, INF2)) | facts


def write(value, *, revision=1, was="", part=INF2):
    return write_part(key="aud-kare", part=part, value=value, revision=revision, was=was, **BY)


def test_a_draft_begins_as_the_newest_version_and_is_found_again(kare):
    first = open_draft(key="aud-kare", **BY)
    assert first.definition == kare.definition
    assert open_draft(key="aud-kare", **BY).pk == first.pk


def test_what_makes_no_sense_is_kept_but_makes_no_version(draft):
    write(step(draft, name=""))
    with pytest.raises(DraftNotReady) as told:
        make_version(key="aud-kare", revision=2, newest=1, **BY)
    assert [problem.field for problem in told.value.problems] == ["steps[4].name"]
    assert ProtocolDraft.objects.get().definition["steps"][4]["name"] == ""
    assert ProtocolVersion.objects.count() == 1


def test_a_second_writer_of_the_same_part_is_refused_and_of_another_is_not(draft):
    write(step(draft, name="Theirs"))
    with pytest.raises(PartChanged) as told:
        write(step(draft, name="Mine"))
    assert told.value.draft.definition["steps"][4]["name"] == "Theirs"
    after = {"follow_ups": [], "tasks": []}
    unchanged = drafts.part_of(draft.definition, "after")
    both = write(after, part="after", was=digest(unchanged))
    assert both.definition["steps"][4]["name"] == "Theirs"
    assert both.definition["tasks"] == []


def test_the_same_words_again_are_no_change(draft):
    assert write(step(draft)).revision == 1


def test_more_than_a_protocol_holds_is_not_kept(draft):
    with pytest.raises(DraftTooLong):
        write(step(draft, name="x" * 600_000))
    assert ProtocolDraft.objects.get().revision == 1


def test_a_running_series_keeps_its_version_and_a_new_one_is_booked_on_the_next(kare, draft):
    juniper, pia = house(), patient("Pia")
    running = book_series(token=token(pia, kare, juniper, kare_times()), **BY)
    visits = list(Appointment.objects.filter(series=running).values().order_by("pk"))
    write(step(draft, gaps=[{"anchor": "inf1", "days": [8, 9], "ideal": 8}]))
    done = make_version(key="aud-kare", revision=2, newest=1, **BY)

    assert (done.version, done.change) == (2, "changed")
    running.refresh_from_db()
    assert running.protocol_version == kare
    assert list(Appointment.objects.filter(series=running).values().order_by("pk")) == visits
    assert ProtocolVersion.objects.get(version=1).definition == kare.definition
    offers = propose_series(
        patient=patient("Per"), protocol_key="aud-kare", site=juniper, not_before=MONDAY, now=NOW
    ).offers
    series = book_series(token=offers[0].token, **BY)
    assert series.protocol_version.version == 2
    days = {one.step: one.starts_at.date() for one in series.appointments.all()}
    assert (days["inf2"] - days["inf1"]).days in (8, 9)
    [standing] = standings([kare.protocol])
    assert standing.running == ((2, 1), (1, 1))
    assert [(one.version, one.active) for one in versions_of("aud-kare")] == [(2, 1), (1, 1)]


def test_a_version_that_differs_in_nothing_is_not_made_and_the_draft_is_gone(draft):
    done = make_version(key="aud-kare", revision=1, newest=1, **BY)
    assert (done.version, done.change) == (1, "unchanged")
    assert not ProtocolDraft.objects.exists()
    with pytest.raises(UnknownDraft):
        make_version(key="aud-kare", revision=1, newest=1, **BY)


def test_a_version_is_not_made_of_what_was_not_looked_at(draft):
    write(step(draft, name="Second infusion"))
    with pytest.raises(DraftMoved):
        make_version(key="aud-kare", revision=1, newest=1, **BY)
    text = catalogue.write([draft.definition]).replace("minutes: 40", "minutes: 45")
    import_catalogue(text=text, **BY)
    with pytest.raises(DraftMoved):
        make_version(key="aud-kare", revision=2, newest=1, **BY)
    assert make_version(key="aud-kare", revision=2, newest=2, **BY).version == 3


def test_a_version_is_journaled_with_its_number(draft):
    write(step(draft, name="Second infusion"))
    make_version(key="aud-kare", revision=2, newest=1, **BY)
    entry = Journal.objects.get(action="protocol.written")
    assert (entry.before, entry.after["version"]) == ({"version": 1}, 2)


def test_of_many_who_make_the_version_at_once_one_does(draft):
    write(step(draft, name="Second infusion"))
    text = catalogue.write([draft.definition]).replace("minutes: 40", "minutes: 45")
    made = partial(make_version, key="aud-kare", revision=2, newest=1, **BY)
    met = all_at_once([made, made, partial(import_catalogue, text=text, **BY), made])
    numbers = sorted(ProtocolVersion.objects.values_list("version", flat=True))
    assert numbers in ([1, 2], [1, 2, 3])
    assert sum(one.error is None for one in met[:2] + met[3:]) <= 1
    for one in met:
        assert one.error is None or isinstance(one.error, (UnknownDraft, DraftMoved))


def test_many_who_write_at_once_lose_no_part(draft):
    keys = [one["key"] for one in draft.definition["steps"]]
    parts = {key: deepcopy(drafts.part_of(draft.definition, f"step:{key}")) for key in keys}
    met = all_at_once(
        [
            partial(
                write,
                part | {"name": f"New {key}"},
                part=f"step:{key}",
                was=digest(part),
            )
            for key, part in parts.items()
        ]
    )
    assert [one.error for one in met] == [None] * len(keys)
    kept = ProtocolDraft.objects.get()
    assert [one["name"] for one in kept.definition["steps"]] == [f"New {key}" for key in keys]
    assert kept.revision == 1 + len(keys)


def test_steps_are_rearranged_in_the_draft_as_it_is_now(draft):
    write(step(draft, name="Theirs"))
    kept = rearrange(key="aud-kare", change=lambda now: drafts.copy_step(now, "inf2")[0], **BY)
    assert [one["name"] for one in kept.definition["steps"][4:6]] == ["Theirs", "Theirs 1"]


def test_a_discarded_draft_leaves_the_versions(draft):
    discard_draft(key="aud-kare", **BY)
    assert not ProtocolDraft.objects.exists()
    assert ProtocolVersion.objects.count() == 1


def test_a_new_protocol_takes_no_key_that_is_taken(kare):
    begins = drafts.blank("evening", "Evening")
    draft_new(key="evening", name="Evening", definition=begins, **BY)
    for key in ("aud-kare", "evening"):
        with pytest.raises(KeyTaken):
            draft_new(key=key, name="Evening", definition=begins, **BY)
    assert make_version(key="evening", revision=1, newest=0, **BY).version == 1


def test_a_review_is_of_one_version_and_can_be_taken_back(draft):
    review_version(key="aud-kare", version=1, reviewer="Priya Example", **BY)
    write(step(draft, name="Second infusion"))
    make_version(key="aud-kare", revision=2, newest=1, **BY)
    reviewed = dict(ProtocolVersion.objects.values_list("version", "reviewed_by"))
    assert reviewed == {1: "Priya Example", 2: ""}
    review_version(key="aud-kare", version=1, reviewer="Priya Example", reviewed=False, **BY)
    row = ProtocolVersion.objects.get(version=1)
    assert (row.reviewed_by, row.reviewed_at) == ("", None)
    told = Journal.objects.filter(action__startswith="protocol.review").order_by("pk")
    assert [entry.action for entry in told] == ["protocol.reviewed", "protocol.review_withdrawn"]
