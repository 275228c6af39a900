// Every request carries the CSRF token as it is now: signing in elsewhere makes the one in the page stale.
window.csrf = () => document.cookie.split("; ").find((part) => part.startsWith("csrftoken="))?.slice("csrftoken=".length);
document.addEventListener("htmx:configRequest", (event) => {
  const token = window.csrf();
  if (!token) return;
  event.detail.parameters.delete("csrfmiddlewaretoken");
  event.detail.headers["X-CSRFToken"] = token;
});

// Failures that no page answers: they are said, and what was asked can be asked again.
const say = (words) => document.dispatchEvent(new CustomEvent("say", { detail: words }));
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.elt.id === "draft") return; // the autosave tells its own state
  const status = event.detail.xhr.status;
  if (status === 401) say("You're signed out. Sign in again, then repeat this.");
  else if (status >= 500) say("Something broke on our side. Nothing was changed; try again.");
});
document.addEventListener("htmx:sendError", (event) => {
  if (event.detail.elt.id !== "draft") say("The server can't be reached. Try again.");
});
document.addEventListener("htmx:timeout", (event) => {
  if (event.detail.elt.id !== "draft") say("The server took too long. Look whether it was done, then try again.");
});
