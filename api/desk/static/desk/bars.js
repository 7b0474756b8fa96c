// Columns of people: who is on when, and the stretches of visits that they take part in. Read from
// the page like the list of arrivals; board.js draws the rest.

const lists = () => [...document.querySelectorAll("#bars li")];

export const ofPeople = () => Boolean(document.querySelector("#columns li[data-hours]"));

const whole = (hour) => `${String(hour).padStart(2, "0")}:00`;

// What the calendar is to draw: off-duty time behind, and a bar a stretch.
export function stretches(at, first, last) {
  const off = [...document.querySelectorAll("#columns li[data-hours]")].flatMap((column) => {
    const on = column.dataset.hours.split(" ").filter(Boolean).map((hours) => hours.split("-"));
    const edges = [whole(first), ...on.flat(), whole(last)];
    const gaps = [];
    for (let i = 0; i < edges.length; i += 2) gaps.push([edges[i], edges[i + 1]]);
    return gaps
      .filter(([start, end]) => at(start) < at(end, true))
      .map(([start, end]) => ({
        id: `off-${column.dataset.key}-${start}`,
        resourceIds: [column.dataset.key],
        start: at(start),
        end: at(end, true),
        display: "background",
        extendedProps: { off: true },
      }));
  });
  const bars = lists().map((bar, number) => {
    const column = document.querySelector(`#columns li[data-key="${bar.dataset.column}"]`);
    const of = Number(column.dataset.lanes);
    return {
      id: `bar-${number}`,
      resourceIds: [bar.dataset.column],
      start: at(bar.dataset.start),
      end: at(bar.dataset.end, true),
      classNames: ["in-lane"],
      styles: [`--lane:${bar.dataset.lane / of}`, `--lanes:${bar.dataset.lanes / of}`],
      extendedProps: { bar: { ...bar.dataset, of } },
    };
  });
  return [...off, ...bars];
}

const minutes = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
const initials = (name) => name.split(/[\s-]+/).map((word) => word[0]).join("").slice(0, 2);

// A bar is the block of its visit, cut to its own stretch and told in its own words.
export function asBar(block, bar, slot) {
  const { start, end, said, lanes } = bar;
  const tall = ((minutes(end === "00:00" ? "24:00" : end) - minutes(start)) / 30) * slot;
  const slim = Number(lanes) < Number(bar.of) / 2;
  const name = block.querySelector("b");
  block.classList.add("bar");
  block.classList.toggle("slim", slim);
  block.classList.toggle("low", tall < 46);
  block.classList.toggle("brief", tall < 36);
  block.classList.toggle("flat", tall < 16);
  block.querySelector(".block-bands").replaceChildren();
  block.querySelector(".block-tail")?.remove();
  block.querySelector(".block-with").textContent = said;
  const rest = block.getAttribute("aria-label").split(", ").slice(1).join(", ");
  block.setAttribute("aria-label", [`${start} to ${end}`, said, rest].filter(Boolean).join(", "));
  if (slim) name.textContent = initials(name.textContent);
  return block;
}
