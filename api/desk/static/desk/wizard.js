// The series wizard: proposals follow the form; the arrows choose a card, Enter books it.

const form = document.getElementById("wizard");
const wanted = document.getElementById("wanted");
const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const parts = ["morning", "midday", "afternoon"];

const cell = (day, part) => form.querySelector(`[name=when][value=${day}-${part}]`);
const cells = () => [...form.querySelectorAll("[name=when]")];

// Until the answer to what was asked last is there, the old proposals cannot be booked.
const proposals = document.getElementById("proposals");
let asked = false;

function recompute() {
  asked = true;
  proposals.setAttribute("aria-busy", "true");
  wanted.dispatchEvent(new Event("recompute"));
}
wanted.addEventListener("htmx:beforeSend", () => (asked = false));
wanted.addEventListener("htmx:afterRequest", () => asked || proposals.removeAttribute("aria-busy"));
proposals.addEventListener(
  "click",
  (event) => {
    if (!proposals.hasAttribute("aria-busy") || !event.target.closest(".book")) return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

// Anything on the left that changes asks again. What is typed letter by letter waits for a pause.
wanted.addEventListener("change", (event) => {
  if (event.target.name === "q") return;
  if (event.target.name === "protocol") showTreatment();
  if (event.target.name === "when") sayWhen();
  if (event.target.name === "hold" && !event.target.checked) {
    form.querySelector("[data-release]")?.click();
  }
  recompute();
});
document.body.addEventListener("patient-chosen", () => {
  document.getElementById("modal").close();
  preferences();
  recompute();
  const next = form.querySelector("[name=protocol]:checked") ?? form.querySelector("[name=protocol]");
  (document.getElementById("choose") ?? next)?.focus();
});

// A patient's usual times fill what is still empty, and go again with the patient or by a click.
let usual = false;

function preferences() {
  if (usual) clearUsual();
  const chosen = form.querySelector("[data-preferences]");
  const { earliest: first, latest: last, staff } = form.elements;
  if (!chosen || first.value || last.value || staff.value) return;
  if (cells().some((box) => box.checked)) return;
  const known = JSON.parse(chosen.dataset.preferences);
  for (const box of cells()) box.checked = known.when?.includes(box.value) ?? false;
  first.value = known.earliest ?? "";
  last.value = known.latest ?? "";
  staff.value = known.staff?.[0] ?? "";
  if (staff.selectedIndex < 0) staff.value = "";
  usual = true;
  form.querySelector("[data-usual]").hidden = false;
  sayWhen();
}

function clearUsual() {
  usual = false;
  for (const box of cells()) box.checked = false;
  for (const name of ["earliest", "latest", "staff"]) form.elements[name].value = "";
  const note = form.querySelector("[data-usual]");
  if (note) note.hidden = true;
  sayWhen();
}

function showTreatment() {
  for (const about of form.querySelectorAll("[data-protocol]")) {
    about.hidden = about.dataset.protocol !== form.elements.protocol.value;
  }
}

// Days by parts of the day -----------------------------------------------------------------------
function toggle(boxes) {
  const on = !boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = on;
  sayWhen();
  recompute();
}

form.addEventListener("click", (event) => {
  const day = event.target.closest("[data-when-day]");
  const part = event.target.closest("[data-when-part]");
  const relax = event.target.closest("[data-relax]");
  if (day) toggle(parts.map((name) => cell(days[day.dataset.whenDay], name)));
  if (part) toggle(days.map((name) => cell(name, part.dataset.whenPart)));
  if (relax) apply(JSON.parse(relax.dataset.relax));
  if (event.target.closest("[data-release]")) form.elements.hold.checked = false;
  if (event.target.closest("[data-clear-usual]")) {
    clearUsual();
    form.querySelector("[name=when]").focus();
    recompute();
  }
});

const listed = (items) =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
const title = (word) => word[0].toUpperCase() + word.slice(1);

function sayWhen() {
  const chosen = cells().filter((box) => box.checked).map((box) => box.value.split("-"));
  const words = document.getElementById("when-words");
  if (!chosen.length) {
    words.textContent = "Nothing chosen: any day, any time.";
    return;
  }
  const on = days.filter((day) => chosen.some(([d]) => d === day));
  const at = parts.filter((part) => chosen.some(([, p]) => p === part));
  const low = parts.indexOf(at[0]);
  const high = parts.indexOf(at.at(-1));
  const span = high - low === 2 ? "any time" : listed(parts.slice(low, high + 1));
  const uneven = chosen.length !== on.length * (high - low + 1);
  words.textContent =
    `Asks for ${listed(on.map(title))}, ${span}.` +
    (uneven ? " The same parts of the day count for every day chosen." : "");
}

// A way out: change just that field, as the person would -----------------------------------------
function apply(changes) {
  for (const [name, value] of changes) {
    if (name === "when") {
      const kept = value.split(",").filter(Boolean).map((index) => days[index]);
      for (const box of cells()) {
        box.checked = kept.includes(box.value.split("-")[0]);
      }
    } else {
      form.elements[name].value = value;
      if (name === "earliest" || name === "latest") {
        const on = new Set(cells().filter((box) => box.checked).map((b) => b.value.split("-")[0]));
        for (const box of cells()) box.checked = on.size < 7 && on.has(box.value.split("-")[0]);
      }
    }
  }
  sayWhen();
  recompute();
}

// Cards ------------------------------------------------------------------------------------------
form.addEventListener("change", (event) => {
  if (event.target.name !== "focus") return;
  for (const itinerary of form.querySelectorAll("[data-itinerary]")) {
    itinerary.hidden = itinerary.dataset.itinerary !== event.target.value;
  }
});
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.matches("button, a, summary, textarea")) return;
  event.preventDefault();
  if (event.target.name === "focus") event.target.closest(".proposal").querySelector(".book").click();
});

// Whoever books has decided: proposals still on their way must not cover the answer.
form.addEventListener("submit", () => window.htmx.trigger(wanted, "htmx:abort"));

// What came is said once, in short; whoever pressed a button that is gone stands at the heading.
document.body.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target.id !== "proposals") return;
  const title = document.getElementById("proposals-title");
  document.getElementById("said").textContent = title.dataset.said;
  if (document.activeElement === document.body) title.focus();
});

showTreatment();
sayWhen();
// htmx takes up its attributes at this same moment, just before.
document.addEventListener("DOMContentLoaded", () => {
  if (form.querySelector("[name=patient]")) preferences();
  if (form.querySelector("[name=patient]") && form.elements.protocol?.value) recompute();
  else form.querySelector("#choose")?.focus();
});
