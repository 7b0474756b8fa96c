// Moving a visit: the dialog's days and preview, `m` on what has the focus, and a block that is
// dragged over the board. Nothing is saved before the dialog has shown what changes.

const form = () => document.getElementById("move");

export function openMove(visit, where = {}) {
  const query = new URLSearchParams(where).toString();
  window.htmx.ajax("GET", `/visits/${visit}/move${query && `?${query}`}`, "#modal-body");
}

function look() {
  for (const chip of form().querySelectorAll(".move-days [data-move-day]")) {
    chip.setAttribute("aria-pressed", String(chip.dataset.moveDay === form().elements.day.value));
  }
  form().querySelector(".move-when").dispatchEvent(new Event("look"));
}

document.body.addEventListener("click", ({ target }) => {
  const chip = target.closest("[data-move-day]");
  if (!chip || !form()) return;
  form().elements.day.value = chip.dataset.moveDay;
  form().elements.at.value = chip.dataset.moveAt;
  for (const wish of ["room", "clinician"]) form().elements[wish].value = "";
  look();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "m" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const sheet = document.querySelector("#sheet[open] [data-moves]");
  const visit = event.target.closest("[data-visit]")?.dataset.visit ?? sheet?.dataset.moves;
  if (!visit || (document.querySelector("dialog[open]") && !sheet)) return;
  event.preventDefault();
  openMove(visit);
});

// A block dragged over the board -----------------------------------------------------------------
let strip;

function showStrip(days) {
  strip?.remove();
  strip = document.createElement("div");
  strip.className = "day-strip";
  const words = document.createElement("b");
  words.textContent = days.length ? "Drop on another day:" : "No other day is free for it.";
  strip.append(words);
  for (const { day, at, label } of days) {
    const target = document.createElement("span");
    target.className = "drop-day";
    Object.assign(target.dataset, { day, at });
    target.textContent = `${label} ${at}`;
    strip.append(target);
  }
  document.body.append(strip);
}

function under(event) {
  for (const target of strip?.querySelectorAll(".drop-day") ?? []) {
    const box = target.getBoundingClientRect();
    const inside =
      box.left <= event.clientX &&
      event.clientX <= box.right &&
      box.top <= event.clientY &&
      event.clientY <= box.bottom;
    target.classList.toggle("over", inside);
    if (inside) return target;
  }
  return null;
}

// What the calendar is told: which blocks can be dragged, and what to do when one is let go. The
// block goes back at once: the dialog shows what would change, and only that moves it.
export function dragging({ board, light }) {
  if (!("mayMove" in board.dataset)) return { editable: false };
  let done = true;

  function take(event, where) {
    if (done) return;
    done = true;
    openMove(event.id, where);
  }

  return {
    eventStartEditable: true,
    eventDurationEditable: false,
    longPressDelay: 350,
    eventDragStart: async ({ event }) => {
      done = false;
      document.body.classList.add("moving");
      addEventListener("pointermove", under);
      const asked = await fetch(`/visits/${event.id}/move/places?day=${board.dataset.day}`);
      if (!asked.ok || done) return;
      const found = await asked.json();
      if (found.stays) return;
      showStrip(found.days.filter((one) => one.day !== board.dataset.day));
      light(found.starts);
    },
    eventDragStop: ({ event, jsEvent }) => {
      document.body.classList.remove("moving");
      removeEventListener("pointermove", under);
      const target = jsEvent && under(jsEvent);
      if (target) take(event, { ...target.dataset });
      strip?.remove();
      strip = null;
      light([]);
      setTimeout(() => (done = true));
    },
    eventDrop: ({ event, jsEvent, oldResource, newResource, revert }) => {
      const start = event.start;
      revert();
      const target = jsEvent && under(jsEvent);
      if (target) return take(event, { ...target.dataset });
      const where = { day: board.dataset.day, at: start.toTimeString().slice(0, 5) };
      if (newResource && newResource.id !== oldResource?.id && newResource.id !== "cover") {
        [where.room] = newResource.id.split(".");
      }
      return take(event, where);
    },
  };
}
