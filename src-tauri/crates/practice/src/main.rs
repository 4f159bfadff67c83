//! The pretend Z-API as a program of its own.

#![allow(
    clippy::print_stdout,
    reason = "what it prints is what it is asked for: the address and the customers"
)]

use std::error::Error;
use std::io;
use std::time::Duration;

use lexopt::prelude::*;
use practice::{Config, Practice};

const HELP: &str = "\
Runs a pretend Z-API on this computer until it is interrupted.

  --port N                 port on 127.0.0.1 (default 0: any free one)
  --customers A,B,…        one customer for each scenario named (default: each once):
                           connects, asksPasskey, expires, alreadyConnected,
                           queueWaits, phoneOffline, subscriptionOver, asksRestore,
                           disconnectsLater, wrongToken, otherNumber, slowAndFaulty;
                           on mobile instances registersBySms, captcha, asksPin,
                           captchaAndPin, forgotPin, confirmsOnPhone, mustWait,
                           voiceClosed, blocked, blockedForGood, tooManyTries,
                           oddAnswers
  --clock-offset-ms N      how far the server's clock is ahead of this computer's
  --client-token TOKEN     demand this Client-Token
  --code-life-seconds N    life of a connection code (default 300)
  --registration-wait-seconds N
                           wait after a registration code was asked for (default 125)
  --until-stdin-closes     end when the standard input closes
  --help                   this text
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = Config::default();
    let mut until_stdin_closes = false;
    let mut flags = lexopt::Parser::from_env();
    while let Some(flag) = flags.next()? {
        match flag {
            Long("port") => config.port = flags.value()?.parse()?,
            Long("customers") => {
                config.customers = flags
                    .value()?
                    .parse_with(|list| list.split(',').map(str::parse).collect())?;
            }
            Long("clock-offset-ms") => config.clock_offset = flags.value()?.parse()?,
            Long("client-token") => config.client_token = Some(flags.value()?.string()?),
            Long("code-life-seconds") => {
                config.code_life = Duration::from_secs(flags.value()?.parse()?);
            }
            Long("registration-wait-seconds") => {
                config.registration_wait = Duration::from_secs(flags.value()?.parse()?);
            }
            Long("until-stdin-closes") => until_stdin_closes = true,
            Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            _ => return Err(flag.unexpected().into()),
        }
    }

    let practice = Practice::start(config).await?;
    let url = practice.url();
    println!("{url}");
    println!("Partner token: {}", practice.partner_token());
    for customer in practice.customers() {
        println!(
            "{:<17} {:<20} +{}  {}",
            // A padded Display needs a finished string.
            customer.scenario.to_string(),
            customer.name,
            customer.phone,
            customer.address(&url)
        );
    }

    if until_stdin_closes {
        tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    } else {
        std::future::pending::<()>().await;
    }
    Ok(())
}
