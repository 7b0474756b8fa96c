// The opening hours: a further opening on a day, and Monday's for the other weekdays.

const WEEKDAYS = 5;

for (const week of document.querySelectorAll("[data-opening]")) {
  const days = [...week.querySelectorAll("[data-day]")];

  const more = (day) => {
    const rows = day.querySelector(".opening-rows");
    const row = rows.lastElementChild.cloneNode(true);
    row.querySelector(".error")?.remove();
    for (const field of row.querySelectorAll("input[type=time]")) {
      field.value = "";
      field.removeAttribute("aria-invalid");
    }
    rows.append(row);
    return row;
  };

  const copy = (from, to) => {
    const rows = to.querySelector(".opening-rows");
    while (rows.childElementCount > 1) rows.lastElementChild.remove();
    const given = [...from.querySelectorAll(".opening-row")];
    given.forEach((row, index) => {
      const target = index ? more(to) : rows.firstElementChild;
      const values = [...row.querySelectorAll("input[type=time]")].map((field) => field.value);
      target.querySelectorAll("input[type=time]").forEach((field, at) => {
        field.value = values[at];
      });
    });
  };

  week.addEventListener("click", ({ target }) => {
    const day = target.closest("[data-day]");
    if (target.closest("[data-opening-more]")) more(day).querySelector("input[type=time]").focus();
    if (target.closest("[data-opening-copy]")) {
      for (const other of days.slice(1, WEEKDAYS)) copy(days[0], other);
    }
  });
}
