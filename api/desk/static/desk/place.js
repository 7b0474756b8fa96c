// A free place of the board: by click, or by a cursor that the keyboard moves, a sheet opens for it.
// And what is blocked: drawn from the list of blocks, opened like a place.

const board = document.getElementById("board");
const said = document.getElementById("place-said");
const STEP = 15;

const clockOf = (minutes) => new Date(minutes * 60000).toISOString().slice(11, 16);
const minutesOf = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
const columns = () => [...document.querySelectorAll("#columns li")];
const blocks = () => [...document.querySelectorAll("#blocks li")];
const offset = () => (document.getElementById("cover") && board.classList.contains("has-cover") ? 1 : 0);

// Blocks -----------------------------------------------------------------------------------------
export function blocked(at) {
  const known = new Set(columns().map((li) => li.dataset.key));
  return blocks().flatMap((li) => {
    const of = li.dataset.columns.split(" ").filter((key) => known.has(key));
    if (!of.length) return [];
    return [
      {
        id: `blocked-${li.dataset.block}`,
        resourceIds: of,
        start: at(li.dataset.start),
        end: at(li.dataset.end, true),
        display: "background",
        extendedProps: { blocked: li.dataset.said },
      },
    ];
  });
}

export function drawBlocked(words) {
  const box = document.createElement("div");
  box.className = "blocked";
  const text = document.createElement("span");
  text.textContent = words;
  box.append(text);
  return box;
}

function blockAt(key, minute) {
  return blocks().find(
    (li) =>
      li.dataset.columns.split(" ").includes(key) &&
      minutesOf(li.dataset.start) <= minute &&
      minute < (li.dataset.end === "00:00" ? 1440 : minutesOf(li.dataset.end)),
  );
}

// Opening ----------------------------------------------------------------------------------------
export function openPlace(key, minute) {
  const block = blockAt(key, minute)?.querySelector("a");
  const { place, book } = board.dataset;
  if (block) {
    window.htmx.ajax("GET", block.href, "#sheet-body");
  } else if (place) {
    const [resource, lane] = key.split(".");
    const address = new URL(place, location.href);
    address.searchParams.set("at", clockOf(minute));
    address.searchParams.set(lane === undefined ? "clinician" : "room", resource);
    window.htmx.ajax("GET", address.pathname + address.search, "#sheet-body");
  } else if (book) {
    location.assign(`${book}&at=${clockOf(minute)}`);
  }
}

// The cursor -------------------------------------------------------------------------------------
let cursor;
let column = 0;
let minute = 0;

function limits() {
  return { first: board.dataset.first * 60, last: board.dataset.last * 60 - STEP };
}

function show(slot) {
  const of = columns()[column];
  if (!of) return;
  const { first } = limits();
  cursor.style.gridColumn = String(column + 1 + offset());
  cursor.style.marginBlockStart = `${((minute - first) / 30) * slot}px`;
  cursor.style.blockSize = `${slot}px`;
  const name = [of.dataset.name, of.dataset.note].filter(Boolean).join(" ");
  const taken = blockAt(of.dataset.key, minute);
  const words = `${name}, ${clockOf(minute)}${taken ? `, ${taken.dataset.said}` : ""}`;
  cursor.textContent = `+ ${clockOf(minute)}`;
  cursor.setAttribute("aria-label", `Place on the board: ${words}. Arrows move, Enter opens.`);
  if (document.activeElement === cursor) said.textContent = words;
}

const moves = {
  ArrowUp: (large) => (minute -= large ? 60 : STEP),
  ArrowDown: (large) => (minute += large ? 60 : STEP),
  ArrowLeft: () => (column -= 1),
  ArrowRight: () => (column += 1),
  Home: () => (minute = limits().first),
  End: () => (minute = limits().last),
};

// Made once; put back whenever the calendar has drawn its grid anew.
export function keepCursor(slot) {
  if (!board.dataset.place && !board.dataset.book) return;
  if (!cursor) {
    cursor = document.createElement("button");
    cursor.type = "button";
    cursor.className = "place-cursor";
    cursor.setAttribute("aria-roledescription", "cursor");
    minute = Math.max(limits().first, minutesOf(board.dataset.clock || "09:00"));
    minute = Math.min(Math.ceil(minute / STEP) * STEP, limits().last);
    cursor.addEventListener("click", () => openPlace(columns()[column].dataset.key, minute));
    cursor.addEventListener("focus", () => show(slot()));
    cursor.addEventListener("keydown", (event) => {
      const move = moves[event.key];
      if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      move(event.shiftKey);
      column = Math.max(0, Math.min(column, columns().length - 1));
      minute = Math.max(limits().first, Math.min(minute, limits().last));
      show(slot());
      cursor.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
  }
  const grid = board.querySelector(".ec-body .ec-events");
  if (grid && cursor.parentElement !== grid) {
    const held = document.activeElement === cursor;
    grid.append(cursor);
    if (held) cursor.focus();
  }
  show(slot());
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select") || document.querySelector("dialog[open]")) {
    return;
  }
  if (event.key === "p" && cursor?.isConnected) {
    event.preventDefault();
    cursor.focus();
    cursor.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  if (event.key === "o") document.querySelector("[data-one-visit]")?.click();
});
