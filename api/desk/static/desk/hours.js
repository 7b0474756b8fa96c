// The week drawn: what the rows of the form say, as bars to draw, move and stretch. The rows are the
// one state; a bar only shows them and writes to them. Minutes are counted from Monday midnight.

const DAY = 24 * 60;
const WEEK = 7 * DAY;
const SNAP = 15;
const REST = 30;

const form = document.querySelector("[data-week]");
const board = form.querySelector("[data-board]");
const list = form.querySelector("[data-rows]");
const blank = document.getElementById("shift-row");
const tracks = [...board.querySelectorAll("[data-track]")];
const wholeDay = form.querySelector("[data-whole-day]");

// Rows -------------------------------------------------------------------------------------------
const rows = () => [...list.querySelectorAll("[data-shift]")];
const field = (row, name) => row.querySelector(`[name=${name}]`);
const minutes = (text) => (text ? Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5)) : null);
const clock = (minute) => {
  const of = ((minute % DAY) + DAY) % DAY;
  return `${String(Math.floor(of / 60)).padStart(2, "0")}:${String(of % 60).padStart(2, "0")}`;
};

function read(row) {
  const [from, to] = [minutes(field(row, "from").value), minutes(field(row, "to").value)];
  if (from === null || to === null) return null;
  const start = Number(field(row, "day").value) * DAY + from;
  const end = start + (to > from ? to - from : to - from + DAY);
  const [low, high] = [minutes(field(row, "break_from").value), minutes(field(row, "break_to").value)];
  const shift = { row, start, end, rest: null };
  if (low !== null && high !== null) {
    const begins = start + ((low - from + DAY) % DAY);
    shift.rest = { start: begins, end: begins + ((high - low + DAY) % DAY) };
  }
  return shift;
}

function write(shift) {
  const { row, rest } = shift;
  const start = ((shift.start % WEEK) + WEEK) % WEEK;
  field(row, "day").value = String(Math.floor(start / DAY));
  field(row, "from").value = clock(start);
  field(row, "to").value = clock(shift.end);
  field(row, "break_from").value = rest ? clock(rest.start) : "";
  field(row, "break_to").value = rest ? clock(rest.end) : "";
}

function add(values = {}) {
  const row = blank.content.firstElementChild.cloneNode(true);
  for (const [name, value] of Object.entries(values)) field(row, name).value = value;
  list.append(row);
  return row;
}

const values = (row) =>
  Object.fromEntries(
    ["day", "from", "to", "break_from", "break_to"].map((name) => [name, field(row, name).value]),
  );

/** Something changed by hand of this script: draw it, and let the preview know. */
function changed() {
  draw();
  form.dispatchEvent(new CustomEvent("drawn"));
}

// Picture ----------------------------------------------------------------------------------------
let low = Number(board.dataset.low);
let high = Number(board.dataset.high);

function piece(tag, className, parent) {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

function place(element, start, end, from = low, to = high) {
  element.style.left = `${(100 * (start - from)) / (to - from)}%`;
  element.style.width = `${(100 * (end - start)) / (to - from)}%`;
}

function widen(shifts) {
  const whole = wholeDay.getAttribute("aria-pressed") === "true";
  [low, high] = whole ? [0, DAY] : [Number(board.dataset.low), Number(board.dataset.high)];
  for (const { start, end } of shifts) {
    const begins = start % DAY;
    if (begins + end - start > DAY) [low, high] = [0, DAY];
    low = Math.min(low, Math.floor(begins / 60) * 60);
    high = Math.max(high, Math.min(DAY, Math.ceil((begins + end - start) / 60) * 60));
  }
}

function draw() {
  const shifts = rows().map(read).filter(Boolean);
  if (!drag) widen(shifts);
  scale();
  for (const track of tracks) {
    track.replaceChildren();
    for (const [opens, closes] of JSON.parse(track.dataset.opens)) {
      place(piece("span", "board-open", track), Math.max(opens, low), Math.min(closes, high));
    }
    for (let hour = Math.ceil(low / 60) + 1; hour * 60 < high; hour += 1) {
      const line = piece("span", "board-line-hour", track);
      line.style.left = `${(100 * (hour * 60 - low)) / (high - low)}%`;
    }
  }
  for (const shift of shifts) {
    const clash = shifts.some((other) => other !== shift && meet(other, shift));
    for (let day = Math.floor(shift.start / DAY); day * DAY < shift.end; day += 1) {
      bar(shift, day, clash);
    }
  }
  for (const row of rows()) {
    const shift = read(row);
    row.querySelector(".overnight").hidden = !shift || (shift.start % DAY) + shift.end - shift.start <= DAY;
  }
}

function scale() {
  const hours = board.querySelector("[data-scale]");
  hours.replaceChildren();
  const room = hours.clientWidth / ((high - low) / 60);
  const step = [60, 120, 180, 240].find((each) => (room * each) / 60 > 44) ?? 360;
  for (let at = Math.ceil(low / step) * step; at < high; at += step) {
    const label = piece("span", "", hours);
    label.style.left = `${(100 * (at - low)) / (high - low)}%`;
    label.textContent = clock(at);
  }
}

const meet = (one, other) =>
  [-WEEK, 0, WEEK].some((by) => one.start < other.end + by && other.start + by < one.end);

function bar(shift, day, clash) {
  const [start, end] = [Math.max(shift.start, day * DAY), Math.min(shift.end, (day + 1) * DAY)];
  const made = piece("div", "shift-bar", tracks[day % 7]);
  made.shift = shift;
  made.classList.toggle("clash", clash);
  made.classList.toggle("from-before", start > shift.start);
  made.classList.toggle("goes-on", end < shift.end);
  place(made, start - day * DAY, end - day * DAY);
  if (start === shift.start) {
    piece("span", "says", made).textContent = `${clock(shift.start)}–${clock(shift.end)}`;
    piece("span", "grip start", made);
  }
  if (end === shift.end) piece("span", "grip end", made);
  if (shift.rest) {
    const [from, to] = [Math.max(shift.rest.start, start), Math.min(shift.rest.end, end)];
    if (from < to) {
      const rest = piece("span", "rest", made);
      place(rest, from, to, start, end);
      piece("span", "grip start", rest);
      piece("span", "grip end", rest);
    }
  }
  const tools = piece("span", "tools", made);
  tool(tools, shift.rest ? "−" : "+", shift.rest ? "No break" : "Break", () => {
    const middle = Math.round((shift.start + shift.end - REST) / 2 / SNAP) * SNAP;
    write({ ...shift, rest: shift.rest ? null : { start: middle, end: middle + REST } });
  });
  tool(tools, "×", "Remove", () => shift.row.remove());
}

function tool(parent, sign, title, act) {
  const button = piece("button", "", parent);
  Object.assign(button, { type: "button", tabIndex: -1, textContent: sign, title });
  button.addEventListener("click", () => {
    act();
    changed();
  });
}

// Drag -------------------------------------------------------------------------------------------
let drag = null;

function minuteAt({ clientX, clientY }) {
  const boxes = tracks.map((track) => track.getBoundingClientRect());
  const far = (box) => Math.abs(clientY - (box.top + box.bottom) / 2);
  const day = boxes.reduce((best, box, i) => (far(box) < far(boxes[best]) ? i : best), 0);
  const box = boxes[day];
  const share = Math.min(Math.max((clientX - box.left) / box.width, 0), 1);
  return day * DAY + Math.round((low + share * (high - low)) / SNAP) * SNAP;
}

function grabbed(target) {
  const side = target.closest(".grip")?.classList.contains("start") ? "start" : "end";
  const grip = target.closest(".grip");
  if (target.closest(".rest")) return grip ? `rest-${side}` : "rest";
  return grip ? side : "move";
}

board.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || event.target.closest(".tools") || !event.target.closest("[data-track]")) {
    return;
  }
  const at = minuteAt(event);
  const shift = event.target.closest(".shift-bar")?.shift;
  drag = shift
    ? { how: grabbed(event.target), at, shift, now: shift }
    : { how: "create", at, shift: null, now: null };
  event.preventDefault();
  board.setPointerCapture(event.pointerId);
  board.classList.add("dragging");
});

board.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const to = minuteAt(event);
  if (drag.how === "create" && !drag.shift && to !== drag.at) {
    const row = add();
    drag.shift = { row, start: drag.at, end: drag.at + SNAP, rest: null };
  }
  const next = drag.shift && STEPS[drag.how](drag.shift, drag.at, to);
  if (!next) return;
  drag.now = next;
  write(next);
  draw();
});

/** The shift after dragging from `at` to `to`, or nothing where that makes no shift. */
const STEPS = {
  create: (shift, at, to) => span(shift, Math.min(at, to), Math.max(at, to)),
  start: (shift, at, to) => span(shift, Math.min(to, shift.end - SNAP), shift.end),
  end: (shift, at, to) => span(shift, shift.start, to <= shift.start - DAY ? to + WEEK : to),
  move: (shift, at, to) => {
    const by = to - at;
    const rest = shift.rest && { start: shift.rest.start + by, end: shift.rest.end + by };
    return { ...shift, start: shift.start + by, end: shift.end + by, rest };
  },
  rest: (shift, at, to) => {
    const length = shift.rest.end - shift.rest.start;
    const start = Math.min(Math.max(shift.rest.start + to - at, shift.start), shift.end - length);
    return { ...shift, rest: { start, end: start + length } };
  },
  "rest-start": (shift, at, to) => {
    const start = Math.min(Math.max(to, shift.start), shift.rest.end - SNAP);
    return { ...shift, rest: { ...shift.rest, start } };
  },
  "rest-end": (shift, at, to) => {
    const end = Math.max(Math.min(to, shift.end), shift.rest.start + SNAP);
    return { ...shift, rest: { ...shift.rest, end } };
  },
};

/** At least a snap long and at most a day; a break left outside goes. */
function span(shift, start, end) {
  if (end - start < SNAP || end - start > DAY) return null;
  const { rest } = shift;
  return { ...shift, start, end, rest: rest && rest.start >= start && rest.end <= end ? rest : null };
}

function drop(keep) {
  if (!drag) return;
  const { how, shift, now } = drag;
  drag = null;
  board.classList.remove("dragging");
  if (!keep && how === "create") shift?.row.remove();
  else if (!keep && shift) write(shift);
  if (keep && now && now !== shift) light(now.row);
  if (shift) changed();
}

board.addEventListener("pointerup", () => drop(true));
board.addEventListener("pointercancel", () => drop(false));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && drag) drop(false);
});

function light(row) {
  for (const other of rows()) other.classList.toggle("lit", other === row);
}

// The list ---------------------------------------------------------------------------------------
form.addEventListener("click", ({ target }) => {
  if (target.closest("[data-remove-shift]")) {
    const row = target.closest("[data-shift]");
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next ? field(next, "day") : form.querySelector("[data-add-shift]")).focus();
    changed();
  } else if (target.closest("[data-add-shift]")) {
    const last = rows().at(-1);
    const like = last ? values(last) : { day: "-1", from: "09:00", to: "17:00" };
    field(add({ ...like, day: String((Number(like.day) + 1) % 7) }), "day").focus();
    changed();
  } else if (target.closest("[data-copy-monday]")) {
    const monday = rows().filter((row) => field(row, "day").value === "0");
    if (!monday.length) return;
    for (const row of rows()) if ("1234".includes(field(row, "day").value)) row.remove();
    for (const day of "1234") for (const row of monday) add({ ...values(row), day });
    sort();
    changed();
  } else if (target.closest("[data-whole-day]")) {
    const pressed = wholeDay.getAttribute("aria-pressed") !== "true";
    wholeDay.setAttribute("aria-pressed", String(pressed));
    draw();
  }
});
list.addEventListener("input", () => draw());

function sort() {
  const at = (row) => `${field(row, "day").value}${field(row, "from").value}`;
  list.append(...rows().sort((a, b) => at(a).localeCompare(at(b))));
}

// Whom the button saves for, once colleagues get the same week.
form.addEventListener("input", () => {
  const people = 1 + form.querySelectorAll("[name=also]:checked").length;
  form.querySelector("[data-saves]").textContent =
    people > 1 ? `Save the week for ${people} people` : "Save the week";
});

// A day of the month goes with its usual hours into the form below it; what is typed above stays.
document.querySelector(".month").addEventListener("click", (event) => {
  const day = event.target.closest("[data-day]");
  if (!day || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const input = document.querySelector("#day-form [name=day]");
  input.value = day.dataset.day;
  const usual = day.querySelector(".month-hours").textContent.split("–");
  for (const [i, name] of ["starts", "ends"].entries()) {
    document.querySelector(`#day-form [name=${name}]`).value = usual[i] ?? "";
  }
  document.querySelector("#day-form [name=starts]").focus();
});

// What is drawn and not saved is not left behind without a question.
let unsaved = form.querySelector("[aria-invalid], .breaks, .notice") !== null;
for (const kind of ["input", "drawn"]) form.addEventListener(kind, () => (unsaved = true));
form.addEventListener("submit", () => (unsaved = false));
window.addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});

window.addEventListener("resize", () => draw());
draw();
