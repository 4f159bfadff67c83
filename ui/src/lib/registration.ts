import type { CustomerRow, Registration, Step } from "./ipc/types";

/** Does what a click or a form asked for. Only what is wrong with a field comes back, for the field to say. */
export type Ask = (work: () => Promise<void>) => Promise<void>;

/** What the page of each step is given. */
export type PageProps<Name extends Step["step"]> = {
  customer: CustomerRow;
  registration: Registration;
  step: Extract<Step, { step: Name }>;
  /** Something is under way: nothing else can be asked for. */
  busy: boolean;
  ask: Ask;
};

/** The stations of a registration, in their order. The last but one is passed by unless WhatsApp asks for it. */
export const STATIONS = ["number", "check", "way", "code", "extra", "connected"] as const;

/** Where a step stands among the stations. */
export function stationOf({ step, busy }: Registration): (typeof STATIONS)[number] {
  switch (step.step) {
    case "number":
      return busy ? "check" : "number";
    case "blocked":
    case "notAvailable":
      return "check";
    case "ways":
      return "way";
    case "captcha":
    case "code":
      return "code";
    case "pin":
    case "phoneConfirm":
      return "extra";
    case "registered":
      return "connected";
  }
}
