import { Channel, invoke } from "@tauri-apps/api/core";
import type { Backend, OnError, PresenterBackend, Unfollow } from "./backend";

/** Streams what `command` sends, or tells why it does not begin. */
function follow<T>(
  command: string,
  on: (value: T) => void,
  onError: OnError,
  args: Record<string, unknown> = {},
): Unfollow {
  let stopped = false;
  const channel = new Channel<T>((value) => {
    if (!stopped) on(value);
  });
  const started = invoke(command, { ...args, on: channel }).then(
    () => true,
    (reason: unknown) => {
      if (!stopped) onError(reason);
      return false;
    },
  );
  return () => {
    stopped = true;
    // Not before it has begun, or there would be nothing to stop yet.
    void started.then((begun) => begun && invoke("unfollow", { id: channel.id }));
  };
}

/** The app itself: one command for each method, named alike in snake_case. */
export const tauri: Backend = {
  appState: () => invoke("app_state"),
  followApp: (on, onError) => follow("follow_app", on, onError),
  setLanguage: (language) => invoke("set_language", { language }),
  setZapiAddress: (address) => invoke("set_zapi_address", { address }),
  copyDiagnosticReport: () => invoke("copy_diagnostic_report"),
  backgroundSettings: () => invoke("background_settings"),
  setBackgroundSettings: (settings) => invoke("set_background_settings", { settings }),
  closeMain: (onClose) => invoke("close_main", { onClose }),

  accounts: () => invoke("accounts"),
  checkAccount: (form) => invoke("check_account", { form }),
  addAccount: (form) => invoke("add_account", { form }),
  renameAccount: (id, name) => invoke("rename_account", { id, name }),
  setAccountSecret: (id, secret, value, keep) => invoke("set_account_secret", { id, secret, value, keep }),
  testAccount: (id) => invoke("test_account", { id }),
  removeAccount: (id) => invoke("remove_account", { id }),

  customers: (query) => invoke("customers", { query }),
  customer: (id) => invoke("customer", { id }),
  checkCustomer: (id, form) => invoke("check_customer", { id, form }),
  addCustomer: (form) => invoke("add_customer", { form }),
  editCustomer: (id, form) => invoke("edit_customer", { id, form }),
  removeCustomer: (id) => invoke("remove_customer", { id }),
  customerStatus: (id) => invoke("customer_status", { id }),
  customerLabels: () => invoke("customer_labels"),
  checkInstance: (form) => invoke("check_instance", { form }),
  createInstance: (form) => invoke("create_instance", { form }),

  imports: () => invoke("imports"),
  importCustomers: (accountId) => invoke("import_customers", { accountId }),
  cancelImport: (accountId) => invoke("cancel_import", { accountId }),

  // As it is: a list of numbers would be four times as large.
  readCsv: (bytes) => invoke("read_csv", bytes),
  previewCsv: (accountId, columns) => invoke("preview_csv", { accountId, columns }),
  importCsv: (accountId, columns, keep) => invoke("import_csv", { accountId, columns, keep }),
  cancelCsv: () => invoke("cancel_csv"),
  forgetCsv: () => invoke("forget_csv"),
  saveCsvTemplate: () => invoke("save_csv_template"),
  exportCustomers: (query) => invoke("export_customers", { query }),

  startAttempt: (customerId, method) => invoke("start_attempt", { customerId, method }),
  followAttempt: (customerId, on, onError) => follow("follow_attempt", on, onError, { customerId }),
  getCode: (customerId, phone) => invoke("get_code", { customerId, phone }),
  codeRead: (customerId) => invoke("code_read", { customerId }),
  startOver: (customerId) => invoke("start_over", { customerId }),
  endAttempt: (customerId) => invoke("end_attempt", { customerId }),
  timeLeft: (customerId) => invoke("time_left", { customerId }),
  copyCode: (customerId) => invoke("copy_code", { customerId }),
  copyMessage: (customerId) => invoke("copy_message", { customerId }),
  copyPicture: (customerId) => invoke("copy_picture", { customerId }),
  savePicture: (customerId) => invoke("save_picture", { customerId }),
  showSavedFile: () => invoke("show_saved_file"),
  openPresenter: (customerId) => invoke("open_presenter", { customerId }),

  queue: (customerId) => invoke("queue", { customerId }),
  emptyQueue: (customerId) => invoke("empty_queue", { customerId }),
  instanceAction: (customerId, action) => invoke("instance_action", { customerId, action }),
  subscribeAgain: (customerId) => invoke("subscribe_again", { customerId }),

  setInstanceType: (customerId, kind) => invoke("set_instance_type", { customerId, kind }),
  followRegistration: (customerId, on, onError) => follow("follow_registration", on, onError, { customerId }),
  registrationWaits: (customerId) => invoke("registration_waits", { customerId }),
  checkRegistration: (customerId, phone, confirmed) =>
    invoke("check_registration", { customerId, phone, confirmed }),
  checkRegistrationAgain: (customerId) => invoke("check_registration_again", { customerId }),
  requestRegistrationCode: (customerId, way) => invoke("request_registration_code", { customerId, way }),
  answerCaptcha: (customerId, answer) => invoke("answer_captcha", { customerId, answer }),
  anotherWay: (customerId) => invoke("another_way", { customerId }),
  startRegistrationAgain: (customerId) => invoke("start_registration_again", { customerId }),
  confirmRegistrationCode: (customerId, code) => invoke("confirm_registration_code", { customerId, code }),
  confirmPin: (customerId, pin) => invoke("confirm_pin", { customerId, pin }),
  recoverPin: (customerId) => invoke("recover_pin", { customerId }),
  checkTransfer: (customerId) => invoke("check_transfer", { customerId }),
  appeal: (customerId, description) => invoke("appeal", { customerId, description }),
  copyRegistrationMessage: (customerId) => invoke("copy_registration_message", { customerId }),

  triage: (customerId) => invoke("triage", { customerId }),
  copyTriageMessage: (customerId, cardId) => invoke("copy_triage_message", { customerId, cardId }),
  openTriageFolder: () => invoke("open_triage_folder"),

  history: (query) => invoke("history", { query }),
  exportHistory: (query) => invoke("export_history", { query }),
  setHistoryDays: (days) => invoke("set_history_days", { days }),

  openGuide: () => invoke("open_guide"),
  openLink: (link) => invoke("open_link", { link }),
  copyLink: (link) => invoke("copy_link", { link }),

  templates: () => invoke("templates"),
  checkTemplate: (kind, text) => invoke("check_template", { kind, text }),
  saveTemplate: (language, kind, text) => invoke("save_template", { language, kind, text }),
  resetTemplate: (language, kind) => invoke("reset_template", { language, kind }),

  enterPractice: () => invoke("enter_practice"),
  leavePractice: () => invoke("leave_practice"),
  practiceStrip: (customerId) => invoke("practice_strip", { customerId }),
  playPractice: (customerId, action) => invoke("play_practice", { customerId, action }),
};

/** What the presenter window may call. */
export const tauriPresenter: PresenterBackend = {
  follow: (on, onError) => follow("presenter_follow", on, onError),
  timeLeft: () => invoke("presenter_time_left"),
};
