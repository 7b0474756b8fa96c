// What the boards of a day, a week and a month have in common: keys, and being kept up to date.

import "./submits.js";

const typing = "input, textarea, select, dialog[open] *";
const keys = {
  D: "[data-key=day]",
  W: "[data-key=week]",
  M: "[data-key=month]",
  v: "[data-view-link]:not([aria-current])",
};
["rooms", "clinicians", "nurses"].forEach((by, at) => {
  keys[at + 1] = `[data-by-choice=${by}]`;
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(typing)) return;
  if (document.querySelector("dialog[open]")) return;
  const link = keys[event.key] && document.querySelector(keys[event.key]);
  if (!link) return;
  event.preventDefault();
  link.click();
});

// Board or list by address; the choice is kept for the next board.
for (const link of document.querySelectorAll("[data-view-link]")) {
  link.addEventListener("click", () => {
    document.cookie = `view=${link.dataset.viewLink};path=/;max-age=31536000;samesite=lax`;
  });
}

// A part that carries data-poll asks every few seconds whether it is still true.
const POLL_MS = 4000;
if (document.querySelector("[data-poll]")) {
  setInterval(() => {
    if (document.hidden || document.querySelector("dialog[open]")) return;
    document.querySelector("[data-poll]")?.dispatchEvent(new Event("poll"));
  }, POLL_MS);
}

// Places in a track: from data-from to data-to, in minutes of the data-first..data-last of it.
function lay(root) {
  for (const track of root.querySelectorAll("[data-track]")) {
    const [first, last] = track.dataset.track.split(" ").map(Number);
    const lanes = Number(track.dataset.lanes || 1);
    const share = (minutes) => `${(100 * minutes) / (last - first)}%`;
    for (const part of track.querySelectorAll("[data-from]")) {
      const { from, to, lane = 0, wide = lanes } = part.dataset;
      part.style.insetInlineStart = share(Math.max(from, first) - first);
      part.style.inlineSize = share(Math.min(to, last) - Math.max(from, first));
      part.style.insetBlockStart = `${(100 * lane) / lanes}%`;
      part.style.blockSize = `${(100 * wide) / lanes}%`;
    }
  }
}

lay(document);
document.body.addEventListener("htmx:afterSettle", ({ detail }) => lay(detail.elt));
