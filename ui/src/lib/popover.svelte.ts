/**
 * What a button opens and shuts: shut by Escape (the focus goes back to the button), by a click
 * elsewhere, and by the focus going elsewhere. `place` holds both; its first button is the one.
 */
export class Popover {
  open = $state(false);
  place = $state<HTMLElement>();

  readonly close = (): void => {
    this.open = false;
    this.place?.querySelector("button")?.focus();
  };

  readonly toggle = (): void => {
    this.open = !this.open;
  };

  readonly onkeydown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !this.open) return;
    event.preventDefault();
    event.stopPropagation();
    this.close();
  };

  readonly onfocusout = ({ relatedTarget }: FocusEvent): void => this.#left(relatedTarget);

  /** Of the window. */
  readonly onpointerdown = ({ target }: PointerEvent): void => this.#left(target);

  #left(to: EventTarget | null): void {
    if (to instanceof Node && !this.place?.contains(to)) this.open = false;
  }
}
