// Copy buttons beside read-only fields: shown where there is a script to work them; they say so when it is done.
const SHOWN = 2000;

const copy = async (field) => {
  field.select();
  if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
  else document.execCommand("copy"); // without TLS there is no clipboard
};

for (const button of document.querySelectorAll("[data-copy]")) {
  const words = button.textContent;
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    await copy(document.getElementById(button.dataset.copy));
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = words), SHOWN);
  });
}
