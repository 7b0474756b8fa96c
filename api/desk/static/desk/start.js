// Set-up: rows that are added and left out, and the time zone that the browser is in.

const INDEX = /__prefix__/g;

for (const form of document.querySelectorAll("[data-rows]")) {
  const list = form.querySelector("[data-rows-list]");
  const total = form.querySelector("[name$=TOTAL_FORMS]");
  const blank = form.querySelector("template");

  form.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-rows-more]")) return;
    const holder = document.createElement("template");
    holder.innerHTML = blank.innerHTML.replace(INDEX, total.value);
    total.value = Number(total.value) + 1;
    const row = holder.content.querySelector("[data-row]");
    for (const field of row.querySelectorAll("input[type=date]")) field.value ||= list.dataset.date;
    list.append(row);
    row.querySelector("input:not([type=hidden])").focus();
  });

  form.addEventListener("change", ({ target }) => {
    if (target.name?.endsWith("-DELETE")) target.closest("[data-row]").classList.toggle("left-out");
  });
}

const zone = document.querySelector("#id_time_zone");
if (zone) {
  const now = document.querySelector("[data-zone-now]");
  const tell = () => {
    now.textContent = "";
    if (!zone.value) return;
    const clock = { timeZone: zone.value, weekday: "short", hour: "2-digit", minute: "2-digit" };
    now.textContent = `It is ${new Date().toLocaleString("en-GB", clock)} there now.`;
  };
  if (zone.closest("[data-guess-zone]")) {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if ([...zone.options].some((option) => option.value === here)) zone.value = here;
  }
  zone.addEventListener("change", tell);
  tell();
}
