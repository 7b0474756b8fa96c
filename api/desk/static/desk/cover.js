// The cover of a day: phases laid out in time, and dragged from nurse to nurse. A piece takes along
// what follows it; nurses who cannot have it say why before it is let go.

import { say } from "./frame.js";

const board = document.getElementById("cover");

// From data-from to data-to, in minutes of the track; data-lane and data-wide are shares of a nurse.
function lay(track) {
  const [first, last] = track.dataset.track.split(" ").map(Number);
  const parts = [...track.querySelectorAll("[data-from]")];
  if ("stack" in track.dataset) stack(track, parts);
  const lanes = Number(track.dataset.lanes || 1);
  const share = (minutes) => `${(100 * minutes) / (last - first)}%`;
  for (const part of parts) {
    const { from, to, lane = 0, wide = lanes, up } = part.dataset;
    const start = Math.max(from, first);
    part.style.insetInlineStart = share(start - first);
    part.style.inlineSize = share(Math.max(0, Math.min(to, last) - start));
    part.style.insetBlockStart = `${(100 * (up === undefined ? lane : lanes - up)) / lanes}%`;
    part.style.blockSize = `${(100 * (up ?? wide)) / lanes}%`;
  }
}

// Those without a nurse hold no lanes: each goes on the first row that is free.
function stack(track, parts) {
  const ends = [];
  for (const part of parts) {
    let row = ends.findIndex((end) => end <= Number(part.dataset.from));
    if (row < 0) row = ends.push(0) - 1;
    ends[row] = Number(part.dataset.to);
    Object.assign(part.dataset, { lane: row, wide: 1 });
  }
  track.dataset.lanes = ends.length || 1;
  track.style.blockSize = `${Math.max(1, ends.length) * 1.5}rem`;
}

for (const track of board?.querySelectorAll("[data-track]") ?? []) lay(track);

// Between phases by arrow, as they follow each other in time or stand one nurse below the other ----
board?.addEventListener("keydown", (event) => {
  const piece = event.target.closest(".piece");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!piece || (!step && !down)) return;
  event.preventDefault();
  const line = piece.closest(".cover-line");
  const own = (of) => [...of.querySelectorAll("button.piece")];
  let next;
  if (step) {
    next = own(line)[own(line).indexOf(piece) + step];
  } else {
    const lines = [...board.querySelectorAll(".cover-line")].filter((one) => own(one).length);
    const other = lines[lines.indexOf(line) + down];
    const away = (one) => Math.abs(one.dataset.from - piece.dataset.from);
    next = other && own(other).sort((one, two) => away(one) - away(two))[0];
  }
  next?.focus();
});

// Dragging ---------------------------------------------------------------------------------------
const NEAR = 5;
let drag = null;
const ghost = document.getElementById("drag-ghost");
const lines = () => [...(board?.querySelectorAll("[data-nurse]") ?? [])];

function mark(answers) {
  for (const line of lines()) {
    const own = line === drag.home;
    const why = own ? "" : (answers[line.dataset.nurse] ?? "Not on duty.");
    line.classList.toggle("can", !own && !why);
    line.classList.toggle("cannot", Boolean(why));
    line.querySelector(".why").textContent = why;
    line.querySelector(".why").hidden = !why;
  }
}

function unmark() {
  for (const line of lines()) {
    line.classList.remove("can", "cannot", "over");
    line.querySelector(".why").hidden = true;
  }
  document.body.classList.remove("moving");
  ghost.hidden = true;
}

function lineAt(event) {
  return lines().find((line) => {
    const box = line.getBoundingClientRect();
    return box.top <= event.clientY && event.clientY < box.bottom;
  });
}

async function begin() {
  drag.on = true;
  document.body.classList.add("moving");
  ghost.hidden = false;
  ghost.textContent = drag.piece.querySelector(".piece-text").textContent.trim();
  const { visit, at } = drag.piece.dataset;
  const mine = drag;
  const asked = await fetch(`/visits/${visit}/give/targets?at=${at}`);
  if (!asked.ok || drag !== mine) return;
  drag.answers = await asked.json();
  mark(drag.answers);
}

function drop(event) {
  const { piece, home, answers } = drag;
  const line = lineAt(event);
  if (!line || line === home || !answers) return;
  const why = answers[line.dataset.nurse] ?? "Not on duty.";
  if (why) {
    say(why, true);
    return;
  }
  const values = { at: piece.dataset.at, nurse: line.dataset.nurse };
  window.htmx.ajax("POST", `/visits/${piece.dataset.visit}/give`, {
    values,
    target: "#modal-body",
  });
}

if (board && "mayGive" in board.dataset) {
  board.addEventListener("pointerdown", (event) => {
    const piece = event.target.closest("button.piece");
    if (!piece || event.button !== 0 || event.pointerType === "touch") return;
    const home = piece.closest("[data-nurse]");
    drag = { piece, home, x: event.clientX, y: event.clientY, on: false, answers: null };
  });
  addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (!drag.on && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > NEAR) begin();
    if (!drag.on) return;
    ghost.style.translate = `${event.clientX + 12}px ${event.clientY + 8}px`;
    const over = lineAt(event);
    for (const line of lines()) line.classList.toggle("over", line === over);
  });
  addEventListener("pointerup", (event) => {
    if (!drag) return;
    if (drag.on) {
      drop(event);
      // The click that ends a drag opens nothing.
      const nothing = (click) => click.stopPropagation() || click.preventDefault();
      addEventListener("click", nothing, true);
      setTimeout(() => removeEventListener("click", nothing, true));
    }
    unmark();
    drag = null;
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !drag?.on) return;
    unmark();
    drag = null;
  });
}
