//! Looking at processes through /proc.

use std::path::Path;
use std::process::Command;

/// The running processes.
pub fn all() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// A file of a process; empty when it is gone or not ours.
pub fn read(pid: u32, file: &str) -> Vec<u8> {
    std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default()
}

/// The processes that run over a data folder: the app, and the webview's.
pub fn of_home(home: &Path) -> Vec<u32> {
    let variable = format!("PONTE_HOME={}\0", home.display()).into_bytes();
    let has_it = |pid: &u32| {
        let name = read(*pid, "comm");
        !name.starts_with(b"WebKitWebDriver")
            && read(*pid, "environ")
                .windows(variable.len())
                .any(|window| window == variable)
    };
    all().into_iter().filter(has_it).collect()
}

/// Ends a process without asking it.
pub fn kill(pid: u32) {
    let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
}

/// Proportional set size of a process in KiB: memory shared with others counts in part.
pub fn pss_kib(pid: u32) -> u64 {
    let text = String::from_utf8_lossy(&read(pid, "smaps_rollup")).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok())
        .unwrap_or(0)
}

/// Processor time of a process so far, in clock ticks (1/100 s).
pub fn cpu_ticks(pid: u32) -> u64 {
    let stat = String::from_utf8_lossy(&read(pid, "stat")).into_owned();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    // utime and stime, fields 14 and 15 of proc(5).
    fields
        .get(11..13)
        .into_iter()
        .flatten()
        .filter_map(|field| field.parse::<u64>().ok())
        .sum()
}
