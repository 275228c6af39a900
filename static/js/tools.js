// Rows of tools: added by the server; moved, copied and removed here. The autosave notices rows that come and go.
const list = document.getElementById("tool-rows");
const most = Number(list.dataset.most);
const rows = () => [...list.querySelectorAll(":scope > .tool")];
const nameOf = (row) => row.querySelector('input[name$=".name"]');
const called = (row) => nameOf(row).value || "the new tool";
const say = (words) => (document.getElementById("spoken").textContent = words);

const count = () => {
  const full = rows().length >= most;
  document.getElementById("add-tool").hidden = full;
  document.getElementById("tools-full").hidden = !full;
  for (const button of list.querySelectorAll("[data-duplicate]")) button.disabled = full;
};
const title = (row) => {
  row.querySelector("summary b").textContent = nameOf(row).value || "New tool";
  row.querySelector("summary .does").textContent = row.querySelector('[name$=".description"]').value;
};
const place = (row, before) => {
  list.insertBefore(row, before);
  say(`${called(row)} is tool ${rows().indexOf(row) + 1} of ${rows().length}`);
};

const move = (row, up) => {
  const all = rows();
  const other = all[all.indexOf(row) + (up ? -1 : 1)];
  if (other) place(row, up ? other : other.nextSibling);
  else say(`${called(row)} is ${up ? "first" : "last"} already`);
};

// A name that no other row has: find_slots_2, find_slots_3 …
const freeName = (name, row) => {
  const taken = new Set(rows().filter((other) => other !== row).map((other) => nameOf(other).value));
  const stem = name.replace(/_\d+$/, "").slice(0, 60);
  let at = 2;
  while (taken.has(`${stem}_${at}`)) at++;
  return taken.has(name) ? `${stem}_${at}` : name;
};
const duplicate = (row) => {
  const old = row.id.slice("tool-".length);
  const id = Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const copy = row.cloneNode(true);
  for (const element of [copy, ...copy.querySelectorAll("*")]) {
    for (const attribute of ["id", "for", "list", "name", "aria-describedby", "value"]) {
      const value = element.getAttribute(attribute);
      if (value === old) element.setAttribute(attribute, id);
      else if (attribute !== "value" && value) element.setAttribute(attribute, value.replaceAll(`tools.${old}.`, `tools.${id}.`).replaceAll(`tools-${old}-`, `tools-${id}-`).replace(`tool-${old}`, `tool-${id}`));
    }
  }
  const typed = row.querySelectorAll("input, textarea, select");
  copy.querySelectorAll("input, textarea, select").forEach((field, at) => field.type === "hidden" || (field.value = typed[at].value));
  row.after(copy);
  const name = nameOf(copy);
  name.value = name.value && freeName(name.value, copy);
  title(copy);
  copy.querySelector("details").open = true;
  name.focus();
  name.select();
  say(`${called(copy)} is a copy of ${called(row)}`);
};

// What is removed leaves a line in its place, from which it comes back as it was.
const remove = (row) => {
  const line = document.createElement("p");
  const undo = Object.assign(document.createElement("button"), { type: "button", className: "button link", textContent: "Undo" });
  line.className = "gone";
  line.append(`Removed ${called(row)} · `, undo);
  undo.addEventListener("click", () => {
    line.replaceWith(row);
    row.querySelector("summary").focus();
    say(`${called(row)} is back`);
  });
  row.replaceWith(line);
  undo.focus();
  say(`Removed ${called(row)}`);
};

list.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const row = button?.closest(".tool");
  if (!row) return;
  if (button.dataset.move) {
    move(row, button.dataset.move === "up");
    button.focus();
    button.scrollIntoView({ block: "nearest" });
  } else if ("duplicate" in button.dataset) duplicate(row);
  else if ("remove" in button.dataset) remove(row);
});
list.addEventListener("input", (event) => {
  const row = event.target.closest(".tool");
  title(row);
  row.querySelector("[data-new]")?.remove();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target !== list) return;
  const row = rows().at(-1);
  const name = nameOf(row);
  name.value = freeName(name.value, row);
  title(row);
  name.focus();
});
new MutationObserver((changes) => {
  count();
  for (const { target } of changes) {
    const row = target.closest(".tool");
    if (target.matches(".problem")) row.classList.toggle("flagged", [...row.querySelectorAll(".problem")].some((line) => line.textContent));
  }
}).observe(list, { childList: true, subtree: true });
count();

// By pointer: the row follows, a line shows where it would go, Escape takes it back. Buttons do the same by keyboard.
const EDGE = 64; // pixels from the window's edge within which it scrolls
list.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest("[data-grip]");
  if (!grip || event.button !== 0) return;
  event.preventDefault();
  const row = grip.closest(".tool");
  const target = Object.assign(document.createElement("div"), { className: "drop-place" });
  const began = event.clientY + window.scrollY;
  let at = event.clientY;
  let frame = 0;
  const follow = () => {
    if (at < EDGE) window.scrollBy(0, -8);
    if (at > window.innerHeight - EDGE) window.scrollBy(0, 8);
    row.style.transform = `translateY(${at + window.scrollY - began}px)`;
    const below = rows().find((other) => {
      if (other === row) return false;
      const box = other.getBoundingClientRect();
      return at < box.top + box.height / 2;
    });
    if (target.nextElementSibling !== (below ?? null) || !target.isConnected) list.insertBefore(target, below ?? null);
    frame = requestAnimationFrame(follow);
  };
  const end = (kept) => {
    cancelAnimationFrame(frame);
    row.style.transform = "";
    row.classList.remove("dragged");
    const next = target.nextElementSibling;
    const same = next === row || target.previousElementSibling === row;
    target.remove();
    if (kept && !same) place(row, next);
    stop.abort();
  };
  const stop = new AbortController();
  const listen = (name, act) => document.addEventListener(name, act, { signal: stop.signal });
  listen("pointermove", (moved) => (at = moved.clientY));
  listen("pointerup", () => end(true));
  listen("pointercancel", () => end(false));
  listen("keydown", (key) => key.key === "Escape" && end(false));
  row.classList.add("dragged");
  follow();
});
