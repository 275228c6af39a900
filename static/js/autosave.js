// The draft saves itself: one form, one request at a time, the whole form. What the server holds and what the page
// shows are compared as text; "Draft saved" is shown only while they are the same.
const form = document.getElementById("draft");
const state = document.getElementById("state");
const words = document.getElementById("state-words");
const spoken = document.getElementById("spoken");

const NOT_TYPED = new Set(["base", "owner", "csrfmiddlewaretoken"]);
const FLUSH_BYTES = 60000; // a request that outlives its page may carry 64 KiB, headers included
// Eight seconds several times: within half a minute after a network is back, one more that fails mustn't be the last.
const RETRY_SECONDS = [2, 4, 8, 8, 8, 16, 32];
const MINIMUM_SAVING = 400; // milliseconds for which "Saving…" stays, so that it doesn't flicker
const LONGEST_WAIT = 5000; // milliseconds after which typing without a pause is saved all the same

const newId = () => "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
  (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16));
const entries = () => [...new FormData(form)].filter(([name]) => !NOT_TYPED.has(name));
const typed = () => new URLSearchParams(entries()).toString();
// Whether something was typed before this script ran: it is in the form, and nobody has sent it.
const asDelivered = (field) => {
  if (field.type === "checkbox") return field.checked === field.defaultChecked;
  if (field.options) return field.selectedIndex === Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
  return field.defaultValue === undefined || field.value === field.defaultValue || field.value === field.defaultValue.replace(/[\r\n]/g, "");
};

const client = newId();
const sent = new WeakMap();
let sequence = 0;
let held = [...form.elements].every(asDelivered) ? typed() : ""; // what the server was last known to hold
let acknowledged = held || null; // the same, and null while a request may have changed it: under way, or its answer lost
let savedAt = form.querySelector("#saved").dataset.changed && words.textContent ? new Date(form.querySelector("#saved").dataset.changed) : null;
let trouble = ""; // "", failed, offline, conflict, signed-out, too-large, refused
let failures = 0;
let retryAt = 0;
let retrying = false;
let renewed = false;
let underWay = null;
let answering = false;
let savingSince = 0;
let settling = null;
let waiting = [];

const dirty = () => typed() !== acknowledged;

const attention = () => Number(form.querySelector("#saved").dataset.attention);
const ago = () => {
  const minutes = Math.floor((Date.now() - savedAt) / 60000);
  return minutes < 1 ? "just now" : minutes < 60 ? `${minutes} min ago` : savedAt.toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
};
const TROUBLE = {
  failed: () => (retryAt ? `Couldn't save — trying again in ${Math.max(1, Math.ceil((retryAt - Date.now()) / 1000))} s` : "Couldn't save — trying again…"),
  offline: () => "You're offline — changes are kept in this tab",
  conflict: () => "Saving paused — this draft was changed in another tab",
  "signed-out": () => "Signed out — sign in to keep saving",
  "too-large": () => "Too large to save — shorten the longest text",
  refused: () => "Couldn't save — the message below says why",
};
const CURE = {
  failed: ["Try now", () => tryNow()],
  refused: ["Try now", () => tryNow()],
  conflict: ["Review", () => review()],
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
  if (button?.textContent === cure?.[0]) return;
  button?.remove();
  if (cure) state.append(Object.assign(document.createElement("button"), { type: "button", textContent: cure[0], onclick: cure[1] }));
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
  retryAt = 0;
  if (trouble !== "conflict") window.htmx.trigger(form, "save-now");
};
const tryNow = () => {
  retrying = true;
  save();
};
const fail = (kind) => {
  trouble = kind === "failed" && navigator.onLine === false ? "offline" : kind;
  savingSince = 0;
  clearTimeout(settling);
  const again = trouble === "failed" || trouble === "offline"; // the rest gets the same answer until somebody acts
  // Only a retry that fails makes the next one wait longer: typing tries too, and must not wear the patience out.
  if (again && (retrying || !failures)) failures++;
  retrying = false;
  retryAt = again ? Date.now() + 1000 * RETRY_SECONDS[Math.min(failures, RETRY_SECONDS.length) - 1] : 0;
  if (!again) acknowledged = held; // the server has answered: nothing was written
  if (waiting.length) document.dispatchEvent(new CustomEvent("say", { detail: "Your draft isn't saved yet, so that has to wait." }));
  for (const [, refuse] of waiting.splice(0)) refuse(new Error(trouble));
  show();
};
const succeed = (snapshot) => {
  if (trouble === "refused") document.querySelector("#toasts [role=alert]")?.remove(); // it no longer holds
  acknowledged = held = snapshot;
  trouble = "";
  failures = retryAt = 0;
  renewed = retrying = false;
  savedAt = new Date();
  flag();
  clearTimeout(settling);
  settling = setTimeout(() => {
    savingSince = dirty() ? Date.now() : 0;
    show();
    if (!savingSince) for (const [resolve] of waiting.splice(0)) resolve();
  }, Math.max(0, MINIMUM_SAVING - (Date.now() - savingSince)));
  show();
};
// A token that the server no longer takes: reading the page again brings the cookie of today.
const renew = () => {
  renewed = true;
  fetch(location.pathname, { headers: { "HX-Request": "true" } }).then(save, () => fail("failed"));
};
const notice = () => {
  if (!trouble && dirty()) savingSince ||= Date.now();
  show();
};

form.addEventListener("input", (event) => {
  const counter = form.querySelector(`[data-count="${event.target.id}"]`);
  if (counter) counter.textContent = counter.textContent.replace(/^[\d,]+/, event.target.value.length.toLocaleString("en"));
  notice();
});
// Rows that come and go change what would be sent, though nothing was typed.
new MutationObserver(() => {
  notice();
  if (dirty()) save();
}).observe(form.querySelector("#tool-rows"), { childList: true });

form.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt !== form) return;
  if (trouble === "conflict") return event.preventDefault();
  event.detail.parameters.set("client", client);
  event.detail.parameters.set("sequence", String(++sequence));
});
form.addEventListener("htmx:beforeSend", (event) => {
  if (event.detail.elt !== form) return;
  sent.set(event.detail.xhr, typed());
  underWay = event.detail.xhr;
  acknowledged = null;
  retryAt = 0;
  if (!trouble) savingSince ||= Date.now();
  show();
});
form.addEventListener("htmx:beforeOnLoad", (event) => (answering = event.detail.elt === form));
form.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt !== form) return;
  const { xhr } = event.detail;
  const told = xhr.getResponseHeader("HX-Retarget"); // a refusal of ours, in words
  underWay = null;
  answering = false;
  if (xhr.status === 200) succeed(sent.get(xhr));
  else if (xhr.status === 204) save();
  else if (xhr.status === 401) fail("signed-out");
  else if (xhr.status === 409 && !told) fail("conflict");
  else if (xhr.status === 413) fail("too-large");
  else if (xhr.status === 403 && !told && !renewed) renew();
  else if (xhr.status >= 400 && xhr.status < 500 && xhr.status !== 408 && xhr.status !== 429) fail("refused"); // asking again would get the same answer
  else fail("failed");
});

// Another tab may have changed the draft while this one showed it. Every change counts a revision; a page that took over
// a newer one without its text would silently undo that change with its next key.
const revision = (base) => base.split(".")[1];
const isElsewhere = (base) => base && !base.startsWith("new.0.0") && revision(base) !== revision(form.elements.base.value);
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target.id !== "saved" || answering) return;
  if (!isElsewhere(event.detail.fragment.querySelector("[name=base]")?.value)) return;
  event.detail.shouldSwap = false;
  fail("conflict");
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "dialog" || !event.detail.requestConfig.elt.closest("[data-after-save]")) return;
  if (!isElsewhere(event.target.querySelector("[name=base]")?.value)) return;
  event.target.close();
  fail("conflict");
});
// The dialog with both texts. What this tab holds goes along; nothing is written before it is resolved.
const review = () => {
  const before = new URLSearchParams(held);
  const values = new FormData();
  values.append("owner", form.elements.owner.value);
  for (const [name, text] of entries()) values.append(name, text);
  for (const name of new Set([...values.keys(), ...before.keys()]))
    if (values.getAll(name).join("\n") !== before.getAll(name).join("\n")) values.append("touched", name);
  window.htmx.ajax("POST", form.dataset.resolve, { source: state.querySelector("button"), target: "#dialog", values });
};
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (!event.detail.xhr.getResponseHeader("HX-Redirect") || event.detail.requestConfig.elt.id !== "resolve") return;
  trouble = "";
  acknowledged = typed(); // kept, in the draft or as an earlier one: there is nothing to guard on the way
});

// Anything that acts on the draft waits for this.
window.autosave = {
  saved: () => {
    if (!trouble && !dirty() && !savingSince) return Promise.resolve();
    return new Promise((...pair) => {
      waiting.push(pair);
      if (trouble === "conflict") fail("conflict");
      else save();
    });
  },
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    event.preventDefault();
    spoken.textContent = "";
    window.autosave.saved().then(() => (spoken.textContent = "Draft saved"), () => {});
  }
});
window.addEventListener("online", () => {
  if (underWay) window.htmx.trigger(form, "htmx:abort"); // it set out on a network that is gone
  if (trouble || dirty()) save();
});
window.addEventListener("offline", () => dirty() && trouble !== "conflict" && fail("offline"));
window.addEventListener("focus", () => trouble === "signed-out" && save());
document.addEventListener("visibilitychange", () => {
  if (document.hidden ? dirty() && !trouble : retryAt) save();
});
window.addEventListener("beforeunload", (event) => dirty() && event.preventDefault());
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  if (dirty()) save();
  else location.reload();
});
window.addEventListener("pagehide", () => {
  if (!dirty()) return;
  // Where the draft moved elsewhere, this isn't saved into it: it is kept as an earlier draft.
  const body = new URLSearchParams([...new FormData(form), ["client", client], ["sequence", String(++sequence)], ["leaving", "yes"]]);
  const headers = { "HX-Request": "true" };
  if (window.csrf()) {
    headers["X-CSRFToken"] = window.csrf();
    body.delete("csrfmiddlewaretoken");
  }
  if (body.toString().length < FLUSH_BYTES) fetch(form.action, { method: "POST", body, headers, keepalive: true });
});
setInterval(() => {
  if (!underWay && retryAt && Date.now() >= retryAt) tryNow();
  else if (!underWay && !trouble && savingSince && Date.now() - savingSince > LONGEST_WAIT) save();
  show();
}, 1000);
notice();
window.addEventListener("load", () => dirty() && save()); // not before htmx has found the form
