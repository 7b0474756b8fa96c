// The protocol editor: what is wrong stands beside its field while one types; focus stays in place.

const form = () => document.getElementById("part-form");
let acted = "";

function showFaults() {
  const live = document.getElementById("live");
  if (!live || !form()) return;
  const errors = JSON.parse(live.dataset.errors);
  for (const slot of form().querySelectorAll("[data-fault]")) {
    const error = errors[slot.dataset.fault] ?? "";
    slot.hidden = !error;
    slot.querySelector("span").textContent = error;
    if (error) slot.closest("details")?.setAttribute("open", "");
    const field = slot.id ? document.getElementById(slot.id.replace("fault-", "")) : null;
    if (field && error) field.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }
}

// After a button rebuilt the form: to the row that it added, else to the button itself.
function returnFocus() {
  const [verb, list] = acted.split(":");
  const added = document.querySelector(`[data-adds="${CSS.escape(list ?? "")}"]`);
  const same = form().querySelector(`button[value="${CSS.escape(acted)}"]`);
  const names = [...form().querySelectorAll(`[name^="${CSS.escape(`${list}.`)}"]`)];
  const rows = names.map((field) => Number(field.name.slice(list.length + 1).split(".")[0]));
  const last = verb === "add" && names[rows.indexOf(Math.max(...rows))];
  const first = form().querySelector("[name=name]");
  const target = last || (["earlier", "later"].includes(acted) ? same : null) || added || first;
  target?.focus();
  if (target === first) first?.select?.();
}

document.body.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt.id !== "part-form") return;
  // htmx counts a button that only has the focus; what is kept while one types presses none.
  if (detail.triggeringEvent?.type !== "submit") delete detail.parameters.act;
  acted = detail.parameters.act ?? "";
});
document.body.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target.id === "live") showFaults();
  if (detail.target.id !== "editor" || !acted) return;
  if (acted === "redraw") document.getElementById(pointed)?.focus();
  else returnFocus();
});

let pointed = "";
document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-redraws]")) return;
  pointed = target.id;
  form().querySelector("[data-redraw]").click();
});
