// Filters that apply as soon as they are chosen; without scripts their form has a button.

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});
for (const button of document.querySelectorAll("[data-when-still]")) button.hidden = true;
