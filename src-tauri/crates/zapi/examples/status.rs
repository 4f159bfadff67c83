//! Says whether an instance is connected:
//! `cargo run -p zapi --example status -- <base address> <instance id>`, with the instance token on
//! the first line of standard input and, if the account has one, the Client-Token on the second.

use std::error::Error;
use std::io::{self, Write};

use zapi::{Client, InstanceCredentials, SecretString};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(base), Some(id)) = (arguments.next(), arguments.next()) else {
        return Err("usage: status <base address> <instance id>".into());
    };
    let client = Client::builder().base(&base).build()?;
    let token = secret_line()?.ok_or("the instance token is expected on standard input")?;
    let client_token = secret_line()?;
    let credentials = InstanceCredentials {
        id,
        token,
        client_token,
    };

    let status = client.instance(&credentials).status().await?.value;
    let word = if status.connected {
        "connected"
    } else {
        "not connected"
    };
    writeln!(io::stdout(), "{word}")?;
    Ok(())
}

fn secret_line() -> io::Result<Option<SecretString>> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let line = line.trim();
    Ok((!line.is_empty()).then(|| line.into()))
}
