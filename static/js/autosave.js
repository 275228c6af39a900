// The draft saves itself: one form, one request at a time, the whole form. What the server holds and what the page
// shows are compared as text; "Draft saved" is shown only while they are the same.
const form = document.getElementById("draft");
const state = document.getElementById("state");
const words = document.getElementById("state-words");
const spoken = document.getElementById("spoken");

const NOT_TYPED = new Set(["base", "csrfmiddlewaretoken"]);
const FLUSH_BYTES = 60000; // a request that outlives its page may carry 64 KiB, headers included
const RETRY_SECONDS = [2, 4, 8, 16, 32];
const MINIMUM_SAVING = 400; // milliseconds for which "Saving…" stays, so that it doesn't flicker

const newId = () => "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
  (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16));
const typed = () => new URLSearchParams([...new FormData(form)].filter(([name]) => !NOT_TYPED.has(name))).toString();

const client = newId();
const sent = new WeakMap();
let sequence = 0;
let acknowledged = typed();
let savedAt = form.querySelector("#saved").dataset.changed && words.textContent ? new Date(form.querySelector("#saved").dataset.changed) : null;
let trouble = ""; // "", failed, offline, conflict, signed-out, too-large, refused
let failures = 0;
let retry = null;
let countdown = 0;
let savingSince = 0;
let waiting = [];

const dirty = () => typed() !== acknowledged;

const attention = () => Number(form.querySelector("#saved").dataset.attention);
const ago = () => {
  const minutes = Math.floor((Date.now() - savedAt) / 60000);
  return minutes < 1 ? "just now" : minutes < 60 ? `${minutes} min ago` : savedAt.toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
};
const TROUBLE = {
  failed: () => (retry ? `Couldn't save — trying again in ${countdown} s` : "Couldn't save"),
  offline: () => "You're offline — changes are kept in this tab",
  conflict: () => "Saving paused — this draft was changed in another tab",
  "signed-out": () => "Signed out — sign in to keep saving",
  "too-large": () => "Too large to save — shorten the longest text",
  refused: () => "Couldn't save — the message below says why",
};
const CURE = {
  failed: ["Try now", () => save()],
  refused: ["Try now", () => save()],
  conflict: ["Review", () => window.open(location.pathname, "_blank")],
  "signed-out": ["Sign in", () => window.open("/sign-in/?next=" + encodeURIComponent(location.pathname), "_blank")],
};

const show = () => {
  const name = trouble || (dirty() || savingSince ? "saving" : "saved");
  const count = attention();
  const text = trouble ? TROUBLE[trouble]() : name === "saving" ? "Saving…" : !savedAt ? "" : count ? `Draft saved · ${count} field${count > 1 ? "s need" : " needs"} attention` : `Draft saved · ${ago()}`;
  if (state.dataset.state !== name) speak(name, text);
  state.dataset.state = name;
  words.textContent = text;
  const cure = CURE[trouble];
  const button = state.querySelector("button");
  if (button?.textContent !== cure?.[0]) button?.remove();
  if (cure && button?.textContent !== cure[0]) {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: cure[0], onclick: cure[1] });
    state.append(" ", made);
  }
};
const speak = (name, text) => {
  const before = state.dataset.state;
  if (name !== "saving" && (name !== "saved" || (before !== "saving" && before !== "saved"))) spoken.textContent = text;
};

const flag = () => {
  const flagged = new Map([...form.querySelectorAll("#saved [data-problem]")].map((item) => [item.dataset.problem, item.textContent]));
  for (const line of form.querySelectorAll(".problem")) {
    const id = line.id.slice(0, -"-problem".length);
    line.textContent = flagged.get(id) ?? "";
    const field = document.getElementById(id);
    if (flagged.has(id)) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }
};

const save = () => {
  clearInterval(retry);
  retry = null;
  if (trouble !== "conflict") window.htmx.trigger(form, "save-now");
};
const later = () => {
  countdown = RETRY_SECONDS[Math.min(failures++, RETRY_SECONDS.length - 1)];
  clearInterval(retry);
  retry = setInterval(() => (--countdown > 0 ? show() : save()), 1000);
};
const fail = (kind) => {
  trouble = kind;
  savingSince = 0;
  if (kind === "failed" && navigator.onLine === false) trouble = "offline";
  if (trouble === "failed") later();
  for (const [, refuse] of waiting.splice(0)) refuse();
  show();
};
const succeed = (snapshot) => {
  const rest = Math.max(0, MINIMUM_SAVING - (Date.now() - savingSince));
  acknowledged = snapshot;
  trouble = "";
  failures = 0;
  clearInterval(retry);
  retry = null;
  savedAt = new Date();
  flag();
  setTimeout(() => {
    savingSince = 0;
    show();
    if (!dirty()) for (const [resolve] of waiting.splice(0)) resolve();
  }, rest);
};

form.addEventListener("input", (event) => {
  const counter = form.querySelector(`[data-count="${event.target.id}"]`);
  if (counter) counter.textContent = counter.textContent.replace(/^[\d,]+/, event.target.value.length.toLocaleString("en"));
  if (!trouble && dirty() && !savingSince) savingSince = Date.now();
  show();
});
form.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt !== form) return;
  if (trouble === "conflict") return event.preventDefault();
  event.detail.parameters.set("client", client);
  event.detail.parameters.set("sequence", String(++sequence));
  savingSince ||= Date.now();
});
form.addEventListener("htmx:beforeSend", (event) => event.detail.elt === form && sent.set(event.detail.xhr, typed()));
form.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt !== form) return;
  const { xhr } = event.detail;
  if (xhr.status === 200) succeed(sent.get(xhr));
  else if (xhr.status === 204) save();
  else if (xhr.status === 401) fail("signed-out");
  else if (xhr.status === 409) fail("conflict");
  else if (xhr.status === 413) fail("too-large");
  else if (xhr.status >= 400 && xhr.status < 500) fail("refused"); // asking again would get the same answer
  else fail("failed");
});

// Anything that acts on the draft waits for this.
window.autosave = {
  saved: () => {
    if (!trouble && !dirty() && !savingSince) return Promise.resolve();
    if (trouble === "conflict") return Promise.reject(new Error(trouble));
    return new Promise((...pair) => {
      waiting.push(pair);
      save();
    });
  },
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    event.preventDefault();
    if (dirty()) save();
    spoken.textContent = dirty() ? "" : "Draft saved";
  }
});
window.addEventListener("online", () => dirty() && save());
window.addEventListener("offline", () => dirty() && fail("offline"));
window.addEventListener("focus", () => trouble === "signed-out" && save());
window.addEventListener("beforeunload", (event) => dirty() && event.preventDefault());
window.addEventListener("pageshow", (event) => event.persisted && !dirty() && location.reload());
window.addEventListener("pagehide", () => {
  if (!dirty() || trouble === "conflict") return;
  const body = new URLSearchParams([...new FormData(form), ["client", client], ["sequence", String(++sequence)]]);
  const headers = window.csrf() ? { "X-CSRFToken": window.csrf() } : {};
  if (headers["X-CSRFToken"]) body.delete("csrfmiddlewaretoken");
  if (body.toString().length < FLUSH_BYTES) fetch(form.action, { method: "POST", body, headers, keepalive: true });
});
setInterval(show, 15000);
show();
