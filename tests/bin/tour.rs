//! The practice tour: the main job from the first screen to "connected", in the real window, with
//! a picture of every stop. Played by `cargo xtask run` on a machine without a display.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use ponte_tests::{App, Home, program, word};

#[tokio::main]
async fn main() {
    let pictures = program("PONTE_TOUR_DIR");
    std::fs::create_dir_all(&pictures).unwrap();
    let home = Home::new("tour");
    let app = App::open(home.path(), None).await;
    let mut number = 0;
    let mut stop = async |name: &str| {
        number += 1;
        let file = pictures.join(format!("{number}-{name}.png"));
        app.picture(&file).await;
        println!("{}", file.display());
    };

    app.hook("practice").await;
    stop("first-run").await;
    app.click("practice").await;
    app.choose("Padaria Aurora").await;
    app.hook("method-extension").await;
    stop("customer").await;
    app.click("method-extension").await;
    app.attempt_is("preparing").await;
    stop("prepare").await;
    app.click("new-code").await;
    app.attempt_is("waiting").await;
    stop("code").await;
    let main = app.driver.window().await.unwrap();
    app.press(&word("attempt.present")).await;
    let presenter = app.other_window(&main).await;
    app.driver.switch_to_window(presenter).await.unwrap();
    app.hook("connection-code").await;
    stop("presenter").await;
    app.driver.switch_to_window(main).await.unwrap();
    app.press(&word("practice.actions.typesCode")).await;
    app.press(&word("practice.actions.confirms")).await;
    app.attempt_is("connected").await;
    stop("connected").await;
    app.quit().await;
}
