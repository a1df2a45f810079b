/** Whether the page is as narrow as a phone's. */

const NARROW = "(max-width: 820px)";

export class Width {
  isNarrow = $state(false);

  constructor() {
    const query = matchMedia(NARROW);
    this.isNarrow = query.matches;
    query.addEventListener("change", ({ matches }) => {
      this.isNarrow = matches;
    });
  }
}
