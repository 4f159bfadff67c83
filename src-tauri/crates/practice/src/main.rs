//! The pretend Z-API as a program of its own.

#![allow(
    clippy::print_stdout,
    reason = "what it prints is what it is asked for: the address and the customers"
)]

use std::error::Error;
use std::io;
use std::num::ParseIntError;
use std::time::Duration;

use lexopt::prelude::*;
use practice::{Config, Moves, Practice};

/// Each has a line of its own in what is printed.
const CUSTOMERS_PRINTED: usize = 24;

const MOST_INSTANCES: usize = 100_000;

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
  --instances N            how many instances in all, up to 100000: plain ones come
                           behind the customers, of whom without --customers the
                           first N are there
  --largest-page N         rows of a page of the listing at most (default 50)
  --page-pause-ms N        how long each page takes
  --failing-page N[:TIMES] answer this page with an error, so many times (default:
                           always); may be repeated
  --listing-moves          change the roster while it is read, 30 times
  --too-often-after N      answer one call for a page with 429 after so many
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
    let mut customers = None;
    let mut until_stdin_closes = false;
    let mut flags = lexopt::Parser::from_env();
    while let Some(flag) = flags.next()? {
        match flag {
            Long("port") => config.port = flags.value()?.parse()?,
            Long("customers") => {
                let all = |list: &str| list.split(',').map(str::parse).collect();
                customers = Some(flags.value()?.parse_with(all)?);
            }
            Long("instances") => config.instances = flags.value()?.parse_with(instances)?,
            Long("largest-page") => config.listing.largest_page = flags.value()?.parse()?,
            Long("page-pause-ms") => {
                config.listing.pause = Duration::from_millis(flags.value()?.parse()?);
            }
            Long("failing-page") => {
                let (page, times) = flags.value()?.parse_with(failing_page)?;
                config.listing.failing_pages.insert(page, times);
            }
            Long("listing-moves") => config.listing.moves = Some(Moves::default()),
            Long("too-often-after") => {
                config.listing.too_often_after = Some(flags.value()?.parse()?);
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

    match customers {
        Some(customers) => config.customers = customers,
        None if config.instances > 0 => config.customers.truncate(config.instances),
        None => {}
    }

    let practice = Practice::start(config).await?;
    let url = practice.url();
    println!("{url}");
    println!("Partner token: {}", practice.partner_token());
    let customers = practice.customers();
    for customer in customers.iter().take(CUSTOMERS_PRINTED) {
        println!(
            "{:<17} {:<20} +{}  {}",
            // A padded Display needs a finished string.
            customer.scenario.to_string(),
            customer.name,
            customer.phone,
            customer.address(&url)
        );
    }
    if let Some(more @ 1..) = customers.len().checked_sub(CUSTOMERS_PRINTED) {
        println!("… and {more} more");
    }
    drop(customers);

    if until_stdin_closes {
        tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    } else {
        std::future::pending::<()>().await;
    }
    Ok(())
}

fn instances(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(instances @ 1..=MOST_INSTANCES) => Ok(instances),
        _ => Err(format!("not from 1 to {MOST_INSTANCES}")),
    }
}

/// `7:2` is page 7, twice; `7` is page 7, always.
fn failing_page(text: &str) -> Result<(usize, usize), ParseIntError> {
    match text.split_once(':') {
        None => Ok((text.parse()?, usize::MAX)),
        Some((page, times)) => Ok((page.parse()?, times.parse()?)),
    }
}
