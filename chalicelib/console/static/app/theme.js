// Dark or light: as the machine has it, unless somebody has chosen.
const KEPT = "opsdb-theme";
const THEMES = ["system", "light", "dark"];

export const chosen = () => (THEMES.includes(localStorage.getItem(KEPT)) ? localStorage.getItem(KEPT) : "system");

/** Put the choice on the page. */
export function wear() {
  document.documentElement.dataset.scheme = chosen();
}

/** Choose the next one, and tell which that is. */
export function nextTheme() {
  localStorage.setItem(KEPT, THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length]);
  wear();
  return chosen();
}
