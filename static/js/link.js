// Copy link: puts the address of what a menu is about into the clipboard, and says so.
const write = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without TLS there is no clipboard: what is selected is copied.
  const field = Object.assign(document.createElement("textarea"), { value: text, className: "unseen" });
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-link]");
  if (!button) return;
  const link = new URL(button.dataset.link, location).href;
  const told = await write(link).then(() => "Link copied", () => `Copy it by hand: ${link}`);
  button.closest("details.menu")?.querySelector("summary").focus();
  document.dispatchEvent(new CustomEvent("tell", { detail: told }));
});
