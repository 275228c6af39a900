// The list of calls keeps up with the phone, and nothing that is read or held moves: a row tells at once how its call
// stands, and new calls come in only while nobody is at the list; else a button says how many there are.
const EVERY = 5000;
const LONGEST = 60000;
let pause = EVERY;
let tag = "";
let of = "";

const list = () => document.querySelector("[data-live]");
const news = () => document.getElementById("news");
const rows = (root) => [...root.querySelectorAll("tr[id]")];

const inUse = (live) =>
  live.contains(document.activeElement) ||
  live.matches(":hover") ||
  live.getBoundingClientRect().top < 0 ||
  live.dataset.longer === "yes" ||
  (!getSelection().isCollapsed && live.contains(getSelection().anchorNode));

// How a call stands is in its last two cells.
const tell = (row, fresh) => {
  if (row.dataset.as === fresh.dataset.as) return;
  const [cells, told] = [row.cells, fresh.cells];
  for (const place of [cells.length - 2, cells.length - 1]) cells[place].innerHTML = told[place].innerHTML;
  row.dataset.as = fresh.dataset.as;
};

const draw = (live, html) => {
  htmx.swap(live, html, { swapStyle: "innerHTML" });
  news().hidden = true;
};

const take = (live, html) => {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const told = rows(fresh);
  const known = new Set(rows(live).map((row) => row.id));
  for (const row of told) {
    const here = document.getElementById(row.id);
    if (here) tell(here, row);
  }
  const added = told.filter((row) => !known.has(row.id)).length;
  const order = (root) => rows(root).map((row) => row.id + row.parentElement.className).join();
  if (!inUse(live)) {
    if (order(live) !== order(fresh)) draw(live, html);
  } else if (added) {
    const button = news();
    const words = `${added} new call${added === 1 ? "" : "s"}`;
    if (button.textContent !== words) button.textContent = words;
    button.hidden = false;
    button.onclick = () => {
      draw(live, html);
      live.scrollIntoView({ block: "nearest" });
      live.querySelector("a.name")?.focus({ preventScroll: true });
    };
  }
};

const look = async () => {
  const live = list();
  if (!live || document.hidden) return;
  if (of !== live.dataset.live) [of, tag] = [live.dataset.live, ""];
  try {
    const response = await fetch(of, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store", redirect: "error" });
    if (response.ok && list() === live) {
      tag = response.headers.get("ETag") ?? "";
      take(live, await response.text());
    }
    pause = response.ok || response.status === 304 ? EVERY : Math.min(pause * 2, LONGEST);
  } catch {
    pause = Math.min(pause * 2, LONGEST);
  }
};

const go = async () => {
  await look();
  setTimeout(go, pause);
};

// Who asked for earlier calls has a longer list than the one that comes.
document.addEventListener("htmx:afterSwap", (event) => {
  const live = list();
  if (live?.contains(event.detail.target) && event.detail.target !== live) live.dataset.longer = "yes";
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look();
});
setTimeout(go, EVERY);
