// Exports: without a script the link is a plain download. Here its rows are counted while they come, and can be stopped.
// Nobody takes half of a file for all: it is handed over when it is whole. Until then it lies in Blobs, which the browser
// keeps where it likes, on its disk too; what is larger than it should keep goes to its own download.
const MOST = 1_000_000_000; // bytes
const ROW = 374; // bytes, about: of a call
const PART = 4_000_000; // bytes that are held here at a time
const count = new Intl.NumberFormat("en");

const nameOf = (response) => /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "export.csv";

const keep = (parts, name) => {
  const address = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
};

const run = async (link, counter, signal) => {
  const noun = link.dataset.export;
  const response = await fetch(link.href, { signal });
  if (response.status === 503) return "Other exports are running. Try again in a minute.";
  if (!response.ok || !response.headers.get("Content-Type")?.startsWith("text/csv")) throw new Error("refused");
  const about = Number(response.headers.get("X-Rows-About") ?? NaN);
  if (about * ROW > MOST) return null;
  const blobs = [];
  let parts = [], held = 0, kept = 0;
  let rows = -1; // the columns' names are a line too, and no cell holds a line's end
  const reader = response.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    held += next.value.length;
    for (const byte of next.value) rows += byte === 10;
    if (held > PART) {
      blobs.push(new Blob(parts));
      kept += held;
      [parts, held] = [[], 0];
      if (kept > MOST) return null;
    }
    const sofar = count.format(Math.max(rows, 0));
    counter.textContent = Number.isNaN(about) ? `${sofar} ${noun} so far` : `${sofar} of about ${count.format(Math.max(about, rows))} ${noun}`;
  }
  keep([...blobs, ...parts], nameOf(response));
  return `${count.format(rows)} ${noun} exported`;
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
      const said = await run(link, counter, running.signal);
      told.textContent = said ?? "Your browser downloads it";
      if (said === null) {
        running.abort();
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
