//! `cargo xtask run` and `cargo xtask practice`: the programs themselves.

use std::process::Command;

use crate::session;
use crate::step::{self, Done, built, cargo, run as step, say};
use crate::tools::{self, BUILD, DISPLAY, NODE};
use crate::ui;

/// Builds Ponte and starts it, or plays the practice tour where there is no display.
pub fn run(arguments: &[String]) -> Done {
    if !session::has_display() {
        return tour();
    }
    tools::ensure(&[BUILD, NODE])?;
    ui::install()?;
    ui::build()?;
    step(
        "Build Ponte",
        &mut cargo(&["build", "--workspace", "--bin", "ponte"]),
    )?;
    step("Start Ponte", Command::new(built("ponte")?).args(arguments))
}

/// Starts the pretend Z-API alone.
pub fn practice(arguments: &[String]) -> Done {
    step(
        "Start the pretend Z-API",
        cargo(&["run", "-p", "practice", "--"]).args(arguments),
    )
}

fn tour() -> Done {
    say("There is no display here: playing the practice tour in a virtual one");
    tools::ensure(&[BUILD, NODE, DISPLAY])?;
    ui::install()?;
    ui::build()?;
    step(
        "Build Ponte and the tour",
        &mut cargo(&["build", "--workspace", "--bin", "ponte", "--bin", "tour"]),
    )?;
    let pictures = step::target()?.join("tour");
    step::fresh_folder(&pictures)?;
    let mut tour = Command::new(built("tour")?);
    tour.env("PONTE_BIN", built("ponte")?)
        .env("PONTE_TOUR_DIR", &pictures);
    session::run_inside("Play the practice tour", &tour)?;
    say(&format!(
        "The screenshots of the tour are in {}",
        pictures.display()
    ));
    Ok(())
}
