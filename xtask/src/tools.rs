//! What has to be on the machine: how to see that it is, what each system calls it, and how to
//! get it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Done, Stop, output_of, run};

/// One thing a command needs.
pub struct Need {
    name: &'static str,
    found_by: Probe,
    packages: Packages,
}

/// How to see, cheaply, that something is here.
enum Probe {
    /// A program of this name.
    Program(&'static str),
    /// A library with its headers, by its pkg-config name.
    Library(&'static str),
    /// A Debian package.
    Package(&'static str),
    /// Any of these files.
    File(&'static [&'static str]),
    /// A browser Playwright can drive as Chromium.
    Chromium,
    /// Node.js, of at least this version, with npm.
    Node(u32, u32),
}

/// The packages on each system; empty where the system needs none.
struct Packages {
    apt: &'static str,
    dnf: &'static str,
    pacman: &'static str,
    brew: &'static str,
    winget: &'static str,
}

const fn on_linux(apt: &'static str, dnf: &'static str, pacman: &'static str) -> Packages {
    Packages {
        apt,
        dnf,
        pacman,
        brew: "",
        winget: "",
    }
}

const fn program(name: &'static str, packages: Packages) -> Need {
    Need {
        name,
        found_by: Probe::Program(name),
        packages,
    }
}

const fn library(name: &'static str, packages: Packages) -> Need {
    Need {
        name,
        found_by: Probe::Library(name),
        packages,
    }
}

const fn debian(package: &'static str) -> Need {
    Need {
        name: package,
        found_by: Probe::Package(package),
        packages: on_linux(package, "", ""),
    }
}

/// For the UI: Vite 8 asks for this version.
pub const NODE: &[Need] = &[Need {
    name: "Node.js 20.19 or newer, with npm (https://nodejs.org)",
    found_by: Probe::Node(20, 19),
    packages: Packages {
        apt: "nodejs npm",
        dnf: "nodejs npm",
        pacman: "nodejs npm",
        brew: "node",
        winget: "OpenJS.NodeJS.LTS",
    },
}];

/// For the UI's tests and screenshots.
pub const BROWSER: &[Need] = &[Need {
    name: "Chromium or Chrome",
    found_by: Probe::Chromium,
    packages: Packages {
        apt: "chromium",
        dnf: "chromium",
        pacman: "chromium",
        brew: "--cask google-chrome",
        winget: "Google.Chrome",
    },
}];

/// For compiling the app. Windows and macOS bring their web view and compiler with them.
pub const BUILD: &[Need] = &[
    program(
        "cc",
        on_linux("build-essential", "gcc gcc-c++ make", "base-devel"),
    ),
    program(
        "pkg-config",
        on_linux("pkg-config", "pkgconf-pkg-config", "pkgconf"),
    ),
    library("gtk+-3.0", on_linux("libgtk-3-dev", "gtk3-devel", "gtk3")),
    library(
        "webkit2gtk-4.1",
        on_linux(
            "libwebkit2gtk-4.1-dev",
            "webkit2gtk4.1-devel",
            "webkit2gtk-4.1",
        ),
    ),
];

/// For a virtual display with a D-Bus session of its own, and a window driven in it.
pub const DISPLAY: &[Need] = &[
    program(
        "xvfb-run",
        on_linux("xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"),
    ),
    program("xauth", on_linux("xauth", "xorg-x11-xauth", "xorg-xauth")),
    program(
        "WebKitWebDriver",
        on_linux("webkit2gtk-driver", "webkit2gtk-driver", "webkit2gtk-4.1"),
    ),
    program("dbus-run-session", on_linux("dbus", "dbus-daemon", "dbus")),
    program("dbus-launch", on_linux("dbus-x11", "dbus-x11", "dbus")),
    program(
        "gnome-keyring-daemon",
        on_linux("gnome-keyring", "gnome-keyring", "gnome-keyring"),
    ),
    program(
        "secret-tool",
        on_linux("libsecret-tools", "libsecret", "libsecret"),
    ),
    program("xclip", on_linux("xclip", "xclip", "xclip")),
    program("xdotool", on_linux("xdotool", "xdotool", "xdotool")),
    program(
        "import",
        on_linux("imagemagick", "ImageMagick", "imagemagick"),
    ),
    Need {
        name: "the DejaVu fonts",
        found_by: Probe::File(&[
            "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
            "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
            "/usr/share/fonts/TTF/DejaVuSans.ttf",
        ]),
        packages: on_linux("fonts-dejavu-core", "dejavu-sans-fonts", "ttf-dejavu"),
    },
];

/// The cold client that the benchmarks compare with.
pub const CURL: &[Need] = &[program("curl", on_linux("curl", "curl", "curl"))];

/// Debian's newer compiler, whose standard library comes as source, and C for Windows.
pub const CROSS: &[Need] = &[
    debian("rustc-web"),
    debian("cargo-web"),
    debian("rust-web-src"),
    program(
        "x86_64-w64-mingw32-gcc",
        on_linux("gcc-mingw-w64-x86-64", "", ""),
    ),
];

/// Sees to it that everything is here: installs what is missing where it may, otherwise stops with
/// the command that does.
pub fn ensure(needs: &[&[Need]]) -> Done {
    let manager = Manager::of_this_machine();
    let missing = missing(needs, manager);
    if missing.is_empty() {
        return Ok(());
    }
    let names = names(&missing);
    let Some(manager) = manager else {
        return Err(Stop::unusable(format!("missing on this machine: {names}")));
    };
    let packages = packages(&missing, manager);
    let by_hand = format!("{} {packages}", manager.install());

    let Some(privilege) = (manager == Manager::Apt).then(privilege).flatten() else {
        return Err(Stop::unusable(format!(
            "missing: {names}\nInstall with:\n\n    {by_hand}\n"
        )));
    };
    println!("Missing: {names}");
    run(
        "Refresh the list of packages",
        apt_get(privilege).args(["update", "-qq"]),
    )?;
    run(
        "Install what is missing",
        apt_get(privilege)
            .args(["install", "-qq", "-y", "--no-install-recommends"])
            .args(packages.split(' ')),
    )?;

    let still = self::missing(needs, Some(manager));
    if still.is_empty() {
        return Ok(());
    }
    Err(Stop::unusable(format!(
        "still missing after `{by_hand}`: {}",
        self::names(&still)
    )))
}

/// The browser to drive: the first of the usual names and places.
pub fn chromium() -> Option<PathBuf> {
    const NAMES: [&str; 4] = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    const PLACES: [&str; 5] = [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    ];
    let mut installed = PLACES
        .iter()
        .map(PathBuf::from)
        .filter(|place| place.is_file());
    NAMES
        .iter()
        .find_map(|name| on_path(name))
        .or_else(|| installed.next())
}

/// The word that tells Linux distributions apart (`debian`, `ubuntu`…), from os-release.
pub fn distribution() -> Option<String> {
    id_in(&std::fs::read_to_string("/etc/os-release").ok()?)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manager {
    Apt,
    Dnf,
    Pacman,
    Brew,
    Winget,
}

impl Manager {
    fn of_this_machine() -> Option<Self> {
        match std::env::consts::OS {
            "macos" => Some(Self::Brew),
            "windows" => Some(Self::Winget),
            _ => [
                ("apt-get", Self::Apt),
                ("dnf", Self::Dnf),
                ("pacman", Self::Pacman),
            ]
            .into_iter()
            .find_map(|(program, manager)| on_path(program).map(|_| manager)),
        }
    }

    fn install(self) -> &'static str {
        match self {
            Self::Apt => "sudo apt-get install --no-install-recommends",
            Self::Dnf => "sudo dnf install",
            Self::Pacman => "sudo pacman -S --needed",
            Self::Brew => "brew install",
            Self::Winget => "winget install",
        }
    }

    fn package(self, packages: &Packages) -> &'static str {
        match self {
            Self::Apt => packages.apt,
            Self::Dnf => packages.dnf,
            Self::Pacman => packages.pacman,
            Self::Brew => packages.brew,
            Self::Winget => packages.winget,
        }
    }
}

fn missing<'a>(needs: &[&'a [Need]], manager: Option<Manager>) -> Vec<&'a Need> {
    let wanted = |need: &&Need| {
        cfg!(target_os = "linux")
            || manager.is_some_and(|manager| !manager.package(&need.packages).is_empty())
    };
    let all = needs.iter().copied().flatten();
    all.filter(wanted)
        .filter(|need| !need.found_by.succeeds())
        .collect()
}

fn names(needs: &[&Need]) -> String {
    needs
        .iter()
        .map(|need| need.name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn packages(needs: &[&Need], manager: Manager) -> String {
    let mut packages: Vec<&str> = needs
        .iter()
        .map(|need| manager.package(&need.packages))
        .filter(|it| !it.is_empty())
        .collect();
    packages.dedup();
    packages.join(" ")
}

impl Probe {
    fn succeeds(&self) -> bool {
        match *self {
            Self::Program(name) => on_path(name).is_some(),
            Self::Library(name) => output_of("pkg-config", &["--exists", name]).is_some(),
            Self::Package(name) => Path::new(&format!("/var/lib/dpkg/info/{name}.list")).is_file(),
            Self::File(places) => places.iter().any(|place| Path::new(place).is_file()),
            Self::Chromium => chromium().is_some(),
            Self::Node(major, minor) => {
                on_path(crate::ui::NPM).is_some()
                    && output_of("node", &["--version"])
                        .is_some_and(|version| is_at_least(&version, major, minor))
            }
        }
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let file = match Path::new(program).extension() {
        Some(_) => program.to_owned(),
        None => format!("{program}{}", std::env::consts::EXE_SUFFIX),
    };
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(&file))
        .find(|place| place.is_file())
}

/// The words before `apt-get` that make it run with the right to install, if there are any.
fn privilege() -> Option<&'static [&'static str]> {
    if output_of("id", &["-u"]).as_deref() == Some("0") {
        return Some(&[]);
    }
    output_of("sudo", &["-n", "true"]).map(|_| ["sudo", "-n"].as_slice())
}

fn apt_get(privilege: &[&str]) -> Command {
    let mut words =
        privilege
            .iter()
            .copied()
            .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    let mut command = Command::new(words.next().unwrap_or("env"));
    command.args(words);
    command
}

fn is_at_least(version: &str, major: u32, minor: u32) -> bool {
    let mut parts = version
        .trim_start_matches('v')
        .split('.')
        .map_while(|part| part.parse().ok());
    (parts.next(), parts.next()) >= (Some(major), Some(minor))
}

fn id_in(os_release: &str) -> Option<String> {
    let value = os_release
        .lines()
        .find_map(|line| line.strip_prefix("ID="))?;
    Some(value.trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_is_compared_by_number() {
        assert!(is_at_least("v20.19.0", 20, 19));
        assert!(is_at_least("v20.20.2", 20, 19));
        assert!(is_at_least("v100.0.0", 20, 19));
        assert!(
            !is_at_least("v20.9.9", 20, 19),
            "9 is below 19, though it sorts after it as text"
        );
        assert!(!is_at_least("v18.20.4", 20, 19));
        assert!(!is_at_least("", 20, 19));
    }

    #[test]
    fn distribution_is_its_id() {
        let debian = "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n";
        assert_eq!(id_in(debian).as_deref(), Some("debian"));
        assert_eq!(
            id_in("ID=\"opensuse-leap\"\nID_LIKE=suse\n").as_deref(),
            Some("opensuse-leap")
        );
        assert_eq!(id_in("NAME=x\n"), None);
    }

    #[test]
    fn what_macos_and_windows_bring_along_is_not_asked_for() {
        assert_eq!(Manager::Brew.package(&BUILD[0].packages), "");
        assert_eq!(Manager::Winget.package(&DISPLAY[0].packages), "");
        assert_eq!(
            packages(&[&NODE[0], &BROWSER[0]], Manager::Apt),
            "nodejs npm chromium"
        );
    }
}
