/** Light or dark: as the system has it, until the user says otherwise. */

export type ThemeName = "light" | "dark";
const KEY = "hipmri.theme";

function initial(): ThemeName {
  const kept = localStorage.getItem(KEY);
  if (kept === "light" || kept === "dark") return kept;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export class Theme {
  name = $state<ThemeName>(initial());

  constructor() {
    this.#apply();
  }

  #apply(): void {
    document.documentElement.dataset.theme = this.name;
  }

  toggle(): void {
    this.name = this.name === "dark" ? "light" : "dark";
    localStorage.setItem(KEY, this.name);
    this.#apply();
  }
}
