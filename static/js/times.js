// Times in the reader's own zone: relative under a day, a date otherwise.
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const moment = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const old = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const oldDate = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const oldWeekday = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });

const ago = (when) => {
  const minutes = Math.round((when - Date.now()) / 60000);
  if (minutes > -1) return "just now";
  if (minutes > -60) return relative.format(minutes, "minute");
  if (minutes > -24 * 60) return relative.format(Math.round(minutes / 60), "hour");
  return (when.getFullYear() === new Date().getFullYear() ? moment : old).format(when);
};

const day = (when) => {
  const days = Math.round((new Date(when).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86400000);
  return days === 0 ? "Today" : days === -1 ? "Yesterday" : (when.getFullYear() === new Date().getFullYear() ? weekday : oldWeekday).format(when);
};

const write = (root) => {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const when = new Date(time.dateTime);
    if (Number.isNaN(when.getTime())) continue;
    if (time.hasAttribute("data-when")) time.textContent = ago(when);
    else if (time.hasAttribute("data-moment")) time.textContent = (when.getFullYear() === new Date().getFullYear() ? moment : old).format(when);
    else if (time.hasAttribute("data-clock")) time.textContent = clock.format(when);
    else if (time.hasAttribute("data-date")) time.textContent = (when.getFullYear() === new Date().getFullYear() ? date : oldDate).format(when);
    else if (time.hasAttribute("data-running")) time.textContent = `${Math.max(Math.floor((Date.now() - when) / 60000), 0)} min`;
    else if (time.hasAttribute("data-day")) time.textContent = day(when);
    else continue;
    time.title = old.format(when);
  }
};

// Days begin and end where the reader is: a list of acts has a day before each, and shows it where it is another.
const divide = () => {
  for (const list of document.querySelectorAll("[data-days]")) {
    let shown = "";
    for (const day of list.querySelectorAll(":scope > .day")) {
      day.hidden = day.textContent === shown;
      shown = day.textContent;
    }
  }
};

// A form that takes a time says in which zone it was typed: the reader's, unless the address names one.
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const field of document.querySelectorAll("input[data-zone]")) {
  field.value ||= here;
  for (const name of field.form.querySelectorAll("[data-zone-name]")) name.textContent = field.value;
}

write(document);
divide();
document.addEventListener("htmx:load", (event) => {
  write(event.target.parentNode ?? document);
  divide();
});
setInterval(() => write(document), 30000);
