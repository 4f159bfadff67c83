//! What the customer may be seeing: cards that lead from what a customer says to the one next thing
//! to do, with a message to send.
//!
//! The cards are data, a file per language. A support lead adds the desk's own in a folder
//! ([`begin_folder`]); a file there that cannot be used is named and takes nothing else with it.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::language::Language;
use crate::messages::{self, Values};

/// Largest file of own cards, in bytes.
pub const LARGEST_FILE: usize = 256 * 1024;

/// What the customer may be seeing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = crate::TYPES)]
pub struct Triage {
    /// The desk's own new ones last.
    pub cards: Vec<TriageCard>,
    /// Files of the desk's own cards that could not be used.
    pub unreadable: Vec<String>,
}

/// Something a customer may see, and what helps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = crate::TYPES)]
pub struct TriageCard {
    /// Its name in the files.
    pub id: String,
    /// Its picture.
    pub drawing: TriageDrawing,
    /// In the agent's language.
    pub title: String,
    /// What the customer reads on the screen, in the customer's language.
    pub phrases: Vec<String>,
    /// Other words by which to find it, in both languages.
    pub words: String,
    /// What it means and what to do, in the agent's language.
    pub meaning: String,
    /// The one next thing to do in Ponte.
    pub next: TriageNext,
    /// The complete message in the customer's language.
    pub message: String,
}

/// The picture on a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum TriageDrawing {
    /// A phone.
    Phone,
    /// A phone that asks for a passkey.
    PhonePasskey,
    /// A phone that reads a QR code.
    PhoneScan,
    /// A phone into which a code is typed.
    PhoneType,
    /// A phone that WhatsApp refuses.
    PhoneBlocked,
    /// A browser.
    Browser,
    /// A browser that asks for a passkey.
    BrowserPasskey,
    /// A browser without WhatsApp Web.
    BrowserClosed,
    /// The extension.
    Extension,
    /// The extension with the number that it found.
    ExtensionNumber,
    /// The extension with its boxes for the code.
    ExtensionCode,
    /// A QR code.
    QrCode,
    /// Time that ran out.
    Clock,
}

/// The next thing to do in Ponte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = crate::TYPES)]
pub enum TriageNext {
    /// Connect by QR code.
    QrCode,
    /// Connect by phone code.
    PhoneCode,
    /// Connect with the extension.
    Extension,
    /// Get a new connection code of the extension.
    NewCode,
    /// Reset WhatsApp's passkey question and begin anew.
    StartOver,
    /// Open the extension's page in the store.
    OpenStore,
    /// Look again whether the customer is connected.
    CheckStatus,
}

/// Why a file of cards cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("{0}")]
    Unread(#[from] io::Error),
    #[error("larger than {LARGEST_FILE} bytes")]
    TooLarge,
    #[error("not a list in JSON: {0}")]
    NotAList(#[from] serde_json::Error),
    #[error("card {card}: {error}")]
    BadCard {
        card: String,
        error: serde_json::Error,
    },
}

/// The cards that ship with Ponte, in the languages' order.
static SHIPPED: LazyLock<[(Language, Vec<TriageCard>); 3]> = LazyLock::new(|| {
    [
        (Language::Portuguese, include_str!("../triage/pt-BR.json")),
        (Language::English, include_str!("../triage/en.json")),
        (Language::Spanish, include_str!("../triage/es.json")),
    ]
    .map(|(language, text)| {
        let cards = parse(text.as_bytes()).unwrap_or_else(|unusable| {
            log::error!("shipped cards, {}: {unusable}", language.tag());
            Vec::new()
        });
        (language, cards)
    })
});

fn parse(text: &[u8]) -> Result<Vec<TriageCard>, Unusable> {
    // Editors on Windows may put a byte order mark in front.
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let cards: Vec<Value> = serde_json::from_slice(text)?;
    cards
        .into_iter()
        .enumerate()
        .map(|(index, card)| {
            let id = card.get("id").and_then(Value::as_str).map(str::to_owned);
            serde_json::from_value(card).map_err(|error| Unusable::BadCard {
                card: id.unwrap_or_else(|| format!("number {}", index + 1)),
                error,
            })
        })
        .collect()
}

/// Empty without a file.
fn read(path: &Path) -> Result<Vec<TriageCard>, Unusable> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut text = Vec::new();
    file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut text)?;
    if text.len() > LARGEST_FILE {
        return Err(Unusable::TooLarge);
    }
    parse(&text)
}

/// Of every id one card, in the first language that has it.
fn preferring(
    decks: &HashMap<Language, Vec<TriageCard>>,
    first: Language,
    second: Language,
) -> Vec<&TriageCard> {
    let mut seen = HashSet::new();
    [first, second]
        .into_iter()
        .chain(Language::ALL)
        .filter_map(|language| decks.get(&language))
        .flatten()
        .filter(|card| seen.insert(&card.id))
        .collect()
}

/// The cards for an agent and a customer, with the messages filled. `own` is the folder of the
/// desk's own cards: `pt-BR.json`, `en.json`, `es.json`, any of which may be absent. A card there
/// replaces the one with its id in that language; one that lacks a language is shown in another.
pub fn triage(
    agent: Language,
    customer: Language,
    own: Option<&Path>,
    values: &Values<'_>,
) -> Triage {
    let mut unreadable = Vec::new();
    let mut decks = HashMap::new();
    for (language, shipped) in SHIPPED.iter() {
        let mut deck = shipped.clone();
        if let Some(folder) = own {
            let name = format!("{}.json", language.tag());
            match read(&folder.join(&name)) {
                Ok(cards) => cards.into_iter().for_each(|card| put(&mut deck, card)),
                Err(unusable) => {
                    log::warn!("own cards, {name}: {unusable}");
                    unreadable.push(name);
                }
            }
        }
        decks.insert(*language, deck);
    }
    let customers: HashMap<&str, &TriageCard> = preferring(&decks, customer, agent)
        .into_iter()
        .map(|card| (card.id.as_str(), card))
        .collect();
    let cards = preferring(&decks, agent, customer)
        .into_iter()
        .filter_map(|card| Some(join(card, customers.get(card.id.as_str())?, values)))
        .collect();
    Triage { cards, unreadable }
}

fn put(deck: &mut Vec<TriageCard>, card: TriageCard) {
    match deck.iter_mut().find(|known| known.id == card.id) {
        Some(known) => *known = card,
        None => deck.push(card),
    }
}

fn join(agents: &TriageCard, customers: &TriageCard, values: &Values<'_>) -> TriageCard {
    let words = if agents.words == customers.words {
        agents.words.clone()
    } else {
        format!("{} {}", agents.words, customers.words)
    };
    TriageCard {
        phrases: customers.phrases.clone(),
        words,
        message: messages::fill(&customers.message, values),
        ..agents.clone()
    }
}

/// Creates the folder for the desk's own cards, with an explanation and an example that is not
/// loaded. What is there already stays as it is.
pub fn begin_folder(own: &Path) -> io::Result<()> {
    fs::create_dir_all(own)?;
    for (name, text) in [
        ("README.txt", include_str!("../triage/README.txt")),
        ("example.json", include_str!("../triage/example.json")),
    ] {
        match File::create_new(own.join(name)) {
            Ok(mut file) => file.write_all(text.as_bytes())?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const VALUES: Values<'_> = Values {
        name: "Padaria Exemplo",
        number: "(44) 99999-0101",
        link: "https://example.invalid/",
        code: "",
        valid_until: "",
    };

    /// Begun as the app begins it, gone with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("ponte-triage-{}", uuid::Uuid::new_v4()));
            begin_folder(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
            fs::write(self.0.join(name), text).unwrap();
            self
        }

        fn triage(&self, agent: Language, customer: Language) -> Triage {
            triage(agent, customer, Some(&self.0), &VALUES)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn shipped(agent: Language, customer: Language) -> Triage {
        triage(agent, customer, None, &VALUES)
    }

    fn card(id: &str, title: &str) -> String {
        let mut card: Value = serde_json::from_str(include_str!("../triage/example.json")).unwrap();
        card[0]["id"] = id.into();
        card[0]["title"] = title.into();
        card[0]["message"] = format!("{title}, {{name}} {{other}}").into();
        card[0].to_string()
    }

    fn ids(triage: &Triage) -> Vec<&str> {
        triage.cards.iter().map(|card| card.id.as_str()).collect()
    }

    fn values<T: TS>() -> Vec<String> {
        let union = T::inline(&ts_rs::Config::default());
        union
            .split('"')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn the_languages_have_the_same_cards() {
        let [(_, portuguese), others @ ..] = &*SHIPPED;
        assert_eq!(portuguese.len(), 17);
        assert_eq!(
            portuguese
                .iter()
                .map(|card| &card.id)
                .collect::<HashSet<_>>()
                .len(),
            portuguese.len()
        );
        let shape = |cards: &[TriageCard]| -> Vec<_> {
            cards
                .iter()
                .map(|card| (card.id.clone(), card.drawing, card.next))
                .collect()
        };
        for (language, cards) in others {
            assert_eq!(shape(cards), shape(portuguese), "{language:?}");
        }
        assert_eq!(
            SHIPPED.each_ref().map(|(language, _)| *language),
            Language::ALL
        );
    }

    #[test]
    fn a_shipped_card_says_everything_and_fills_without_rest() {
        for language in Language::ALL {
            for card in shipped(language, language).cards {
                for text in [&card.title, &card.words, &card.meaning, &card.message] {
                    assert!(!text.trim().is_empty(), "{language:?} {}", card.id);
                    assert!(
                        !text.contains(['{', '}']),
                        "{language:?} {}: {text}",
                        card.id
                    );
                }
                assert!(
                    card.message.contains(VALUES.name),
                    "{language:?} {}",
                    card.id
                );
                assert!(card.phrases.iter().all(|phrase| !phrase.trim().is_empty()));
            }
        }
    }

    #[test]
    fn each_reads_their_own_language() {
        let mixed = shipped(Language::Portuguese, Language::Spanish);
        let agents = shipped(Language::Portuguese, Language::Portuguese);
        let customers = shipped(Language::Spanish, Language::Spanish);
        for ((mixed, agents), customers) in
            mixed.cards.iter().zip(&agents.cards).zip(&customers.cards)
        {
            assert_eq!(
                (&mixed.title, &mixed.meaning),
                (&agents.title, &agents.meaning)
            );
            assert_eq!(
                (&mixed.phrases, &mixed.message),
                (&customers.phrases, &customers.message)
            );
            assert!(mixed.words.contains(&agents.words) && mixed.words.contains(&customers.words));
        }
    }

    #[test]
    fn own_cards_replace_and_add() {
        let folder = Folder::new();
        let known = &SHIPPED[0].1[2].id;
        let text = format!(
            "\u{feff}[{}, {}]",
            card(known, "Nosso"),
            card("ours", "Novo")
        );
        folder.write("pt-BR.json", text);

        let portuguese = folder.triage(Language::Portuguese, Language::Portuguese);
        let before = shipped(Language::Portuguese, Language::Portuguese);
        assert_eq!(portuguese.unreadable, [""; 0]);
        assert_eq!(portuguese.cards[2].title, "Nosso");
        assert_eq!(ids(&portuguese), [ids(&before), vec!["ours"]].concat());
        assert_eq!(
            portuguese.cards.last().unwrap().message,
            "Novo, Padaria Exemplo {other}",
            "an unknown placeholder stays"
        );

        let mixed = folder.triage(Language::Portuguese, Language::English);
        let english = shipped(Language::English, Language::English);
        assert_eq!(mixed.cards[2].title, "Nosso");
        assert_eq!(mixed.cards[2].message, english.cards[2].message);
    }

    #[test]
    fn a_card_in_one_language_is_shown_in_it_to_both() {
        let folder = Folder::new();
        folder.write("es.json", format!("[{}]", card("ours", "Nuestra")));
        for (agent, customer) in [
            (Language::Portuguese, Language::English),
            (Language::Spanish, Language::English),
            (Language::English, Language::Spanish),
        ] {
            let triage = folder.triage(agent, customer);
            let own = triage.cards.last().unwrap();
            assert_eq!((own.id.as_str(), own.title.as_str()), ("ours", "Nuestra"));
            assert_eq!(own.message, "Nuestra, Padaria Exemplo {other}");
            assert_eq!(triage.cards.len(), SHIPPED[0].1.len() + 1);
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named_and_takes_nothing_with_it() {
        let before = shipped(Language::Portuguese, Language::Portuguese);
        let good = card("ours", "Ours");
        let unknown = |name: &str| {
            let mut card: Value = serde_json::from_str(&good).unwrap();
            card[name] = "banana".into();
            format!("[{good}, {card}]")
        };
        let huge = format!("[{good}]{}", " ".repeat(LARGEST_FILE));
        let latin_1 = format!("[{}]", card("ours", "São"))
            .chars()
            .map(|c| c as u8)
            .collect();
        let files: [(&str, Vec<u8>); 7] = [
            ("cut", format!("[{good}").into()),
            ("no list", good.clone().into()),
            ("not UTF-8", latin_1),
            ("too large", huge.into()),
            ("unknown drawing", unknown("drawing").into()),
            ("unknown next", unknown("next").into()),
            (
                "incomplete",
                format!("[{good}, {{\"id\": \"half\"}}]").into(),
            ),
        ];
        for (what, text) in files {
            let folder = Folder::new();
            folder
                .write("pt-BR.json", text)
                .write("en.json", format!("[{good}]"));
            let triage = folder.triage(Language::Portuguese, Language::Portuguese);
            assert_eq!(triage.unreadable, ["pt-BR.json"], "{what}");
            assert_eq!(
                ids(&triage),
                [ids(&before), vec!["ours"]].concat(),
                "{what}"
            );
            assert_eq!(triage.cards[..before.cards.len()], before.cards, "{what}");
        }

        let folder = Folder::new();
        fs::create_dir(folder.0.join("en.json")).unwrap();
        let triage = folder.triage(Language::Portuguese, Language::Portuguese);
        assert_eq!(
            (triage.unreadable, triage.cards),
            (vec!["en.json".to_owned()], before.cards)
        );
    }

    #[test]
    fn a_bad_card_is_named_in_the_log() {
        let log = |text: &str| parse(text.as_bytes()).unwrap_err().to_string();
        let wrong = card("ours", "Ours").replace("\"browser\"", "\"banana\"");
        let told = log(&format!("[{}, {wrong}]", card("fine", "Fine")));
        assert!(told.contains("ours") && told.contains("banana"), "{told}");
        assert!(log("[{}]").contains("number 1"));
    }

    #[test]
    fn a_new_folder_changes_no_card_and_is_not_written_twice() {
        let folder = Folder::new();
        let (agent, customer) = (Language::English, Language::Spanish);
        assert_eq!(folder.triage(agent, customer), shipped(agent, customer));

        folder.write("README.txt", "ours");
        fs::remove_file(folder.0.join("example.json")).unwrap();
        begin_folder(&folder.0).unwrap();
        assert_eq!(fs::read(folder.0.join("README.txt")).unwrap(), b"ours");
        assert!(folder.0.join("example.json").exists());
    }

    #[test]
    fn the_example_works_under_a_language_s_name() {
        let folder = Folder::new();
        fs::copy(folder.0.join("example.json"), folder.0.join("pt-BR.json")).unwrap();
        let triage = folder.triage(Language::Portuguese, Language::Portuguese);
        assert_eq!(triage.unreadable, [""; 0]);
        assert_eq!(triage.cards.len(), SHIPPED[0].1.len() + 1);
        let own = triage.cards.last().unwrap();
        assert!(!own.message.contains(['{', '}']), "{}", own.message);
    }

    #[test]
    fn the_explanation_lists_every_value() {
        let text = include_str!("../triage/README.txt");
        let (_, lists) = text.split_once("\ndrawing:\n").unwrap();
        let (drawings, nexts) = lists.split_once("\nnext:\n").unwrap();
        let listed = |list: &str| -> Vec<String> {
            list.lines()
                .filter_map(|line| line.split_whitespace().next())
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(listed(drawings), values::<TriageDrawing>());
        assert_eq!(listed(nexts), values::<TriageNext>());
    }
}
