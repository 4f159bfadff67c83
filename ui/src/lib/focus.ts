/**
 * Keeps the focus from falling to the page: when the control that had it is taken away, the heading of what `place`
 * shows instead gets it. The `h1` says whose screen it is, so an `h2` below it goes first.
 */
export function keepFocus(place: HTMLElement): () => void {
  let last: EventTarget | null = null;
  const remember = (event: FocusEvent) => (last = event.target);
  const observer = new MutationObserver(() => {
    if (document.activeElement !== document.body) return;
    if (!(last instanceof HTMLElement) || last.isConnected) return;
    const heading = place.querySelector<HTMLElement>("h2") ?? place.querySelector<HTMLElement>("h1");
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus();
  });
  document.addEventListener("focusin", remember);
  observer.observe(place, { childList: true, subtree: true });
  return () => {
    document.removeEventListener("focusin", remember);
    observer.disconnect();
  };
}
