/** Which screen is shown: in the address, so that a reload and the way back keep it. */

export type TabName = "segment" | "watch";
export const TABS: readonly TabName[] = ["segment", "watch"];

/** Said by `hipmri serve` in the page's own text, where it was given runs: on other hosts nothing is asked. */
const canWatch = (): boolean =>
  document.querySelector('meta[name="hipmri-server"]')?.getAttribute("content") === "watching";

export class Tab {
  /** Whether there is more than one screen. */
  readonly canWatch = canWatch();
  name = $state<TabName>(this.#ofAddress());

  #ofAddress(): TabName {
    const name = location.hash.slice(1);
    if (!this.canWatch) return "segment";
    return TABS.find((each) => each === name) ?? "watch";
  }

  open(name: TabName): void {
    if (name !== this.name) location.hash = name;
    this.name = name;
  }

  /** After the address has changed. */
  follow(): void {
    this.name = this.#ofAddress();
  }
}
