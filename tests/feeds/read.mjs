// Reads iCalendar on stdin with ical.js, by the zones that the document itself defines, and prints
// its events as JSON: what a strict reader that is not ours makes of a feed. Documents are
// separated by a NUL, so that one process reads many.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

ICAL.design.strict = true;

function events(text) {
  ICAL.TimezoneService.reset();
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  }
  return calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component);
    return {
      uid: event.uid,
      summary: event.summary,
      location: event.location ?? "",
      sequence: component.getFirstPropertyValue("sequence"),
      status: component.getFirstPropertyValue("status"),
      starts: event.startDate.toUnixTime(),
      ends: event.endDate.toUnixTime(),
    };
  });
}

const documents = readFileSync(0, "utf8").split("\0");
process.stdout.write(JSON.stringify(documents.map(events)));
