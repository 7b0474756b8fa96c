from datetime import timedelta

import pytest

from clinic.models import Journal
from clinic.spans import minute
from scheduling.errors import ProposalExpired, ProposalUnknown, Refused, SlotTaken
from scheduling.models import Appointment, AppointmentPhase, Claim, Hold, Series
from scheduling.services.booking import book_series, book_visit, expire_holds, hold_proposal
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    at,
    days_after,
    house,
    kare_times,
    off,
    patient,
    protocol,
    token,
)

pytestmark = pytest.mark.django_db


def test_a_whole_series_is_booked_in_one_action():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    series = book_series(token=token(pia, kare, juniper, kare_times()), actor=DESK, now=NOW)
    assert series.appointments.count() == 11
    assert series.d0 == days_after(MONDAY, 10)
    assert series.therapist.given_name in {"Ana", "Theo"}


def test_every_visit_holds_its_room_its_people_and_the_patient():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    series = book_series(token=token(pia, kare, juniper, kare_times()), actor=DESK, now=NOW)
    infusion = series.appointments.get(step="inf1")
    assert {c.role for c in infusion.claims.all()} == {"room", "monitoring_nurse", "patient"}
    [room] = infusion.claims.filter(role="room")
    assert room.end_minute - room.start_minute == 130 + room.turnover_minutes


def test_a_nurse_is_freed_lane_by_lane_as_the_ratio_relaxes():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    series = book_series(token=token(pia, kare, juniper, kare_times()), actor=DESK, now=NOW)
    lanes = series.appointments.get(step="inf1").claims.filter(role="monitoring_nurse")
    assert sorted(c.end_minute - c.start_minute for c in lanes) == [20, 20, 60, 130]


def test_the_same_proposal_books_once():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    proposal = token(pia, kare, juniper, kare_times())
    book_series(token=proposal, actor=DESK, now=NOW)
    with pytest.raises(SlotTaken) as refused:
        book_series(token=proposal, actor=DESK, now=NOW)
    assert "patient_is_free" in {refusal.rule for refusal in refused.value.refusals}
    assert Series.objects.count() == 1


def test_scenario_3_a_series_with_one_visit_blocked_saves_nothing_and_names_the_visit():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    proposal = token(pia, kare, juniper, kare_times())
    inf2 = kare_times()["inf2"]
    for room in juniper.rooms.filter(name__in=["Room 1", "Room 2", "Bay"]):
        off(room, inf2.date())
    with pytest.raises(SlotTaken) as refused:
        book_series(token=proposal, actor=DESK, now=NOW)
    assert {refusal.step for refusal in refused.value.refusals} == {"inf2"}
    assert not Series.objects.exists()
    assert not Appointment.objects.exists()
    assert not AppointmentPhase.objects.exists()
    assert not Claim.objects.exists()
    assert not Journal.objects.exists()


def test_scenario_3_a_series_across_the_autumn_clock_change_stays_at_nine():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    monday = MONDAY.replace(year=2027, month=10, day=18)
    early = at(monday, "07:00")
    series = book_series(
        token=token(pia, kare, juniper, kare_times(monday), now=early), actor=DESK, now=early
    )
    local = [a.starts_at.astimezone(juniper.zone) for a in series.appointments.all()]
    assert {moment.strftime("%H:%M") for moment in local} == {"09:00"}
    assert len({moment.utcoffset() for moment in local}) == 2


def test_an_altered_token_is_unknown():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    proposal = token(pia, kare, juniper, kare_times())
    for forged in ("", "x", proposal[:-2] + "zz", "." + proposal):
        with pytest.raises(ProposalUnknown):
            book_series(token=forged, actor=DESK, now=NOW)


def test_a_token_older_than_half_an_hour_has_expired():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    proposal = token(pia, kare, juniper, kare_times())
    with pytest.raises(ProposalExpired):
        book_series(token=proposal, actor=DESK, now=NOW + timedelta(minutes=30))


def test_a_held_proposal_is_kept_from_everybody_else():
    juniper, kare = house(), protocol("aud-kare")
    pia, paul = patient("Pia"), patient("Paul")
    first, second = (token(who, kare, juniper, kare_times()) for who in (pia, paul))
    hold_proposal(token=first, actor=DESK, now=NOW)
    with pytest.raises(SlotTaken):
        book_series(token=second, actor=DESK, now=NOW)
    book_series(token=first, actor=DESK, now=NOW)
    assert not Hold.objects.exists()
    assert not Claim.objects.filter(hold__isnull=False).exists()


def test_a_hold_moves_to_another_proposal_of_the_same_set():
    juniper, kare, pia = house(), protocol("aud-kare"), patient("Pia")
    first = token(pia, kare, juniper, kare_times(), offer="talk")
    second = token(pia, kare, juniper, kare_times(clock="13:00"), offer="talk")
    hold_proposal(token=first, actor=DESK, now=NOW)
    hold_proposal(token=second, actor=DESK, now=NOW)
    assert Hold.objects.count() == 1
    book_series(token=token(patient("Paul"), kare, juniper, kare_times()), actor=DESK, now=NOW)


def test_an_expired_hold_is_in_nobodys_way_even_before_it_is_swept():
    juniper, kare = house(), protocol("aud-kare")
    hold_proposal(token=token(patient("Pia"), kare, juniper, kare_times()), actor=DESK, now=NOW)
    later = NOW + timedelta(minutes=15)
    proposal = token(patient("Paul"), kare, juniper, kare_times(), now=later)
    book_series(token=proposal, actor=DESK, now=later)
    assert not Hold.objects.exists()


def test_expired_holds_are_swept_and_others_are_not():
    juniper, kare = house(), protocol("aud-kare")
    hold_proposal(token=token(patient("Pia"), kare, juniper, kare_times()), actor=DESK, now=NOW)
    assert expire_holds(now=NOW + timedelta(minutes=14)) == 0
    assert expire_holds(now=NOW + timedelta(minutes=15)) == 1
    assert not Claim.objects.exists()


def test_the_journal_tells_who_booked_what_through_which_door_without_a_name():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    series = book_series(token=token(pia, kare, juniper, kare_times()), actor=DESK, now=NOW)
    row = Journal.objects.get(action="series.booked")
    assert (row.subject, row.actor, row.door) == (f"series:{series.pk}", DESK.name, "desk")
    assert "Pia" not in str(row.after)


def test_one_visit_is_booked_on_its_own():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    visit = book_visit(
        patient=pia,
        site=juniper,
        version=kare,
        step="inf1",
        starts_at=at(MONDAY, "10:00"),
        actor=DESK,
        now=NOW,
    )
    assert visit.series is None
    assert visit.ends_at - visit.starts_at == timedelta(minutes=140)


def test_a_visit_when_the_site_is_closed_is_refused_with_its_hours():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    with pytest.raises(Refused) as refused:
        book_visit(
            patient=pia,
            site=juniper,
            version=kare,
            step="inf1",
            starts_at=at(MONDAY, "17:00"),
            actor=DESK,
            now=NOW,
        )
    assert not isinstance(refused.value, SlotTaken)
    assert "08:00-18:00" in str(refused.value)


def test_a_missing_step_of_a_running_series_must_keep_its_window():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    times = kare_times()
    last = times.pop("th7")
    series = book_series(token=token(pia, kare, juniper, times), actor=DESK, now=NOW)
    facts = {
        "patient": pia,
        "site": juniper,
        "version": kare,
        "step": "th7",
        "actor": DESK,
        "now": NOW,
    }
    with pytest.raises(Refused) as refused:
        book_visit(starts_at=last + timedelta(days=5), **facts)
    assert "window_is_kept" in {refusal.rule for refusal in refused.value.refusals}
    visit = book_visit(starts_at=last, **facts)
    assert visit.series == series


def test_nurses_are_repacked_before_a_patient_is_refused():
    juniper, kare = house(), protocol("aud-kare")
    whole = {"site": juniper, "version": kare, "step": "inf1", "actor": DESK, "now": NOW}
    pia = book_visit(patient=patient("Pia"), starts_at=at(MONDAY, "09:00"), **whole)
    paul = book_visit(patient=patient("Paul"), starts_at=at(MONDAY, "09:00"), **whole)
    assert nurse_at(pia, "09:30") != nurse_at(paul, "09:30")
    petra = book_visit(patient=patient("Petra"), starts_at=at(MONDAY, "09:20"), **whole)
    assert nurse_at(pia, "09:30") == nurse_at(paul, "09:30") != nurse_at(petra, "09:30")


def test_a_third_patient_in_prep_is_refused_while_two_nurses_each_have_one():
    juniper, kare = house(), protocol("aud-kare")
    whole = {"site": juniper, "version": kare, "step": "inf1", "actor": DESK, "now": NOW}
    for name in ("Pia", "Paul"):
        book_visit(patient=patient(name), starts_at=at(MONDAY, "09:00"), **whole)
    with pytest.raises(SlotTaken) as refused:
        book_visit(patient=patient("Petra"), starts_at=at(MONDAY, "09:00"), **whole)
    assert {refusal.rule for refusal in refused.value.refusals} == {"nurse_cover_is_kept"}


def nurse_at(visit: Appointment, clock: str) -> int:
    when = minute(at(MONDAY, clock))
    claims = visit.claims.filter(
        role="monitoring_nurse", start_minute__lte=when, end_minute__gt=when
    )
    [nurse] = set(claims.values_list("resource", flat=True))
    return nurse
