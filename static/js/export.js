// Exports: without a script the link is a plain download. Here its rows are counted while they come, and can be stopped.
// The file is kept in memory (the browser may put it on its disk) until it is whole, so nobody takes half of one for all:
// what is larger goes to the browser's own download.
const MOST = 300000; // rows, about 100 MB of calls
const count = new Intl.NumberFormat("en");

const nameOf = (response) => /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "export.csv";

const keep = (parts, name) => {
  const address = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
};

const run = async (link, told, counter, signal) => {
  const noun = link.dataset.export;
  const response = await fetch(link.href, { signal });
  if (!response.ok || !response.headers.get("Content-Type")?.startsWith("text/csv")) throw new Error("refused");
  const about = Number(response.headers.get("X-Rows-About") ?? NaN);
  if (about > MOST || Number.isNaN(about)) return false;
  const parts = [];
  let rows = -1; // the columns' names are a line too, and no cell holds a line's end
  const reader = response.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    for (const byte of next.value) rows += byte === 10;
    counter.textContent = `${count.format(Math.max(rows, 0))} of about ${count.format(Math.max(about, rows))} ${noun}`;
  }
  keep(parts, nameOf(response));
  told.textContent = `${count.format(rows)} ${noun} exported`;
  return true;
};

for (const link of document.querySelectorAll("a[data-export]")) {
  const told = Object.assign(document.createElement("span"), { className: "quiet-text" });
  const cancel = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: "Cancel", hidden: true });
  const counter = told.cloneNode(); // changes too often to be read out
  told.setAttribute("role", "status");
  link.after(counter, told, cancel);
  let running;
  cancel.addEventListener("click", () => running?.abort());
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (running) return;
    running = new AbortController();
    cancel.hidden = false;
    told.textContent = `Exporting ${link.dataset.export}…`;
    try {
      if (!(await run(link, told, counter, running.signal))) {
        running.abort();
        told.textContent = "Your browser downloads it";
        location.assign(link.href);
      }
    } catch {
      told.textContent = running.signal.aborted ? "Export cancelled" : "The export broke off. Try it again.";
    }
    counter.textContent = "";
    if (document.activeElement === cancel) link.focus();
    cancel.hidden = true;
    running = null;
  });
}
