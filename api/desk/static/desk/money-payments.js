// Taking a payment by keys, and what a count differs by while it is typed.

const body = document.body;

body.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id !== "modal-body") return;
  const form = document.getElementById("take-payment");
  if (!form || form.querySelector("[aria-invalid=true]")) return;
  // The amount is filled in: how it is paid comes first.
  const amount = form.elements.cents;
  setTimeout(() => (amount.value ? form.querySelector("[type=radio]:checked") : amount)?.focus());
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("#take-payment");
  if (!form || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input:not([type=radio]), textarea, select")) return;
  const method = form.querySelectorAll("[type=radio]")["123".indexOf(event.key)];
  if (!method) return;
  event.preventDefault();
  method.checked = true;
  method.focus();
});

const dollars = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  signDisplay: "exceptZero",
});

function showDifference(input) {
  const row = input.closest("tr");
  const typed = input.value.trim().replace(/^\$|,/g, "");
  const known = typed !== "" && Number.isFinite(Number(typed));
  const cents = Math.round(Number(typed) * 100) - Number(row.querySelector("[data-expected]").dataset.expected);
  row.querySelector("[data-difference]").textContent = known
    ? dollars.format(cents / 100).replace("-", "−")
    : "";
}

for (const input of document.querySelectorAll("#count td input")) {
  input.addEventListener("input", () => showDifference(input));
  showDifference(input);
}
