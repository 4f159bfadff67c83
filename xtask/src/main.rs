//! `cargo xtask`: every command a developer of Ponte types.
//!
//! Only the standard library, so that it compiles in seconds on a machine that has nothing but
//! Rust. Each command looks for the tools it needs before it begins: on Debian and Ubuntu it
//! installs what is missing, elsewhere it prints the command that does, and stops with status 2.

mod bench;
mod check;
mod cross;
mod run;
mod session;
mod step;
mod test;
mod tools;
mod ui;

use std::process::ExitCode;

use step::{Done, Stop};

const HELP: &str = "\
cargo xtask <command>

  run          build Ponte and start it; what follows `--` goes to Ponte.
               Without a display: play the practice tour in a virtual one
  test         everything `check` does, then the UI in Chromium, the vault against a real
               Secret Service, and the real window from outside
  check        the fast loop: format, lint, unit tests, the types shared with the UI, the UI's
               own checks. --write: take over the types exported from Rust
  cross        type-check the whole workspace for Windows and macOS (runs on Debian)
  bench        measure Ponte against a bare Tauri window, with the release profile; a word after it
               (size, start, command, attempts, click, idle, import, roster)
               measures only that
  practice     start the pretend Z-API alone; what follows `--` goes to it
  screenshots  draw every state of the UI into docs/screenshots
  help         this text
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();

    let done = step::enter_root().and_then(|()| dispatch(&command, &rest));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            eprintln!("\nxtask: {stop}");
            ExitCode::from(stop.status())
        }
    }
}

fn dispatch(command: &str, rest: &[String]) -> Done {
    let passed_on = rest.strip_prefix(&["--".to_owned()]).unwrap_or(rest);
    match (command, rest) {
        ("run", _) => run::run(passed_on),
        ("practice", _) => run::practice(passed_on),
        ("check", [flag]) if flag == "--write" => check::check(check::Types::Write),
        ("check", []) => check::check(check::Types::Compare),
        ("test", []) => test::test(),
        ("cross", []) => cross::cross(),
        ("bench", [] | [_]) => bench::bench(rest),
        ("screenshots", []) => ui::screenshots(),
        ("" | "help" | "--help" | "-h", []) => {
            print!("{HELP}");
            Ok(())
        }
        ("test" | "check" | "cross" | "bench" | "screenshots", _) => Err(Stop::unusable(format!(
            "`{command}` does not take `{}`; see `cargo xtask help`",
            rest.join(" ")
        ))),
        _ => Err(Stop::unusable(format!(
            "there is no command `{command}`\n\n{HELP}"
        ))),
    }
}
