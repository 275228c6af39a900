// The page's address says what the history beside it shows, so that a reload, a link and the way back show the same.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "listed") return;
  const address = new URL(location);
  const chosen = new URLSearchParams(event.target.dataset.query);
  for (const name of ["only", "q", "before", "runs", "oldest", "listed", "rest"]) address.searchParams.delete(name);
  for (const [name, value] of chosen) address.searchParams.set(name, value);
  history.replaceState(history.state, "", address);
});

// The drawing of when a version was live says so in words to those who point at it.
document.addEventListener("pointerover", (event) => {
  const lives = event.target.closest?.(".lives");
  if (lives) lives.title = lives.querySelector(".times").textContent;
});
