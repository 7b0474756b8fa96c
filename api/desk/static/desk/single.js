// One visit, or a block of time: what the sheet or the page does between two answers of the server.

const form = () => document.getElementById("single");
const patient = () => form()?.querySelector("[name=patient]")?.value ?? "0";
const refit = () => document.getElementById("single-wanted").dispatchEvent(new Event("refit"));

// Which of the missing visits the chosen day lies inside the window of.
function showWindows() {
  const day = form()?.elements.day.value;
  for (const radio of form()?.querySelectorAll("[data-first]") ?? []) {
    const inside = radio.dataset.first <= day && day <= radio.dataset.last;
    const row = radio.closest("label");
    row.querySelector("[data-inside]").hidden = !inside;
    row.querySelector("[data-outside]").hidden = inside;
  }
}

// A series from here begins on the day and at the time that the form says now.
function showSeries() {
  const link = form()?.querySelector("[data-series-from-here]");
  if (!link) return;
  const address = new URL(link.href);
  address.searchParams.set("from", form().elements.day.value);
  address.searchParams.set("at", form().elements.at.value);
  if (Number(patient())) address.searchParams.set("patient", patient());
  else address.searchParams.delete("patient");
  link.href = address;
}

function choosePatient() {
  document.getElementById("modal").close();
  const choices = document.getElementById("choices");
  if (!choices) return;
  const address = choices.dataset.url.replace(/\d+$/, patient());
  let other = "";
  choices.addEventListener("htmx:beforeSwap", () => (other = form().elements.other.value), {
    once: true,
  });
  window.htmx.ajax("GET", address, { target: "#choices", swap: "innerHTML" }).then(() => {
    form().elements.other.value = other;
    showWindows();
    showSeries();
    const inside = choices.querySelector("label:has([data-inside]:not([hidden])) input");
    if (inside && !other) inside.checked = true;
    (inside ?? choices.querySelector("input, select")).focus();
    refit();
  });
}

document.body.addEventListener("patient-chosen", choosePatient);

document.body.addEventListener("change", ({ target }) => {
  if (!form()?.contains(target) || target.name === "q") return;
  if (target.name === "other" && target.value) {
    for (const radio of form().querySelectorAll("[name=step]")) radio.checked = false;
  }
  if (target.name === "step") form().elements.other.value = "";
  showWindows();
  showSeries();
  refit();
});

document.body.addEventListener("click", ({ target }) => {
  const time = target.closest("[data-take-at]");
  if (time && form()) {
    form().elements.day.value = time.dataset.takeDay;
    form().elements.at.value = time.dataset.takeAt;
    if ("takeAny" in time.dataset) form().elements.room.value = "";
    showWindows();
    showSeries();
    refit();
    form().querySelector("[type=submit]").focus();
  }
  const until = target.closest("[data-until]");
  if (until) {
    const block = until.closest("form");
    block.elements.until_day.value = until.dataset.untilDay ?? block.elements.day.value;
    block.elements.until.value = until.dataset.until || later(block, until.dataset.minutes);
  }
});

// So many minutes after the start, on the same day at most.
function later(block, minutes) {
  const [hours, rest] = block.elements.at.value.split(":").map(Number);
  const end = Math.min(hours * 60 + rest + Number(minutes), 23 * 60 + 59);
  return new Date(end * 60000).toISOString().slice(11, 16);
}

// Focus is in the search before the search listens: it offers the last patients, or finds what was
// typed meanwhile.
document.body.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!detail.target.querySelector?.("#single")) return;
  showWindows();
  const choose = document.getElementById("choose");
  if (choose && choose === document.activeElement) window.htmx.trigger(choose, "recent");
});
showWindows();
