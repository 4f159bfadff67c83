//! The words that are said outside the windows: menu, titles, notifications, files. They come from
//! the UI's word files, built in; those that no window says are in the section `host`.

use std::collections::HashMap;
use std::sync::LazyLock;

use desk::Language;
use serde_json::Value;

static WORDS: LazyLock<HashMap<Language, Value>> = LazyLock::new(|| {
    Language::ALL
        .into_iter()
        .map(|language| {
            let file = match language {
                Language::Portuguese => include_str!("../../ui/src/words/pt-BR.json"),
                Language::English => include_str!("../../ui/src/words/en.json"),
                Language::Spanish => include_str!("../../ui/src/words/es.json"),
            };
            (language, serde_json::from_str(file).unwrap_or_default())
        })
        .collect()
});

/// The language of the system, as far as Ponte speaks it.
pub fn system_language() -> Language {
    Language::closest(&sys_locale::get_locale().unwrap_or_default())
}

fn find(language: Language, path: &str) -> Option<&'static str> {
    let words = WORDS.get(&language)?;
    path.split('.')
        .try_fold(words, |at, key| at.get(key))?
        .as_str()
}

/// The words at `path` in any section (parts joined by dots), as the windows say them.
pub fn say_as_shown(language: Language, path: &str) -> String {
    find(language, path).unwrap_or(path).to_owned()
}

/// The words at `path` below `host`, with `{name}`s filled. A path that does not exist gives itself;
/// a test sees to it that none is asked for.
pub fn say(language: Language, path: &str, values: &[(&str, &str)]) -> String {
    let text = find(language, &format!("host.{path}")).unwrap_or(path);
    values.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every literal path in the host's sources exists in every language.
    #[test]
    fn every_word_that_is_said_exists() {
        let sources = [
            include_str!("menu.rs"),
            include_str!("notify.rs"),
            include_str!("windows.rs"),
            include_str!("host.rs"),
            include_str!("tray.rs"),
            include_str!("ipc/connect.rs"),
            include_str!("ipc/csv.rs"),
            include_str!("ipc/history.rs"),
        ];
        let call = regex::Regex::new(r#"\b(?:say|word)\((?:[^()"]*,\s+)?"([a-zA-Z.]+)""#).unwrap();
        let mut found = 0;
        for capture in sources.iter().flat_map(|source| call.captures_iter(source)) {
            let path = &capture[1];
            for language in Language::ALL {
                assert_ne!(say(language, path, &[]), path, "{path} in {language:?}");
            }
            found += 1;
        }
        assert!(found > 20, "the pattern finds the calls: {found}");
    }

    #[test]
    fn values_are_filled_in() {
        let said = say(
            Language::English,
            "notification.connected",
            &[("name", "Aurora")],
        );
        assert_eq!(said, "Aurora is connected");
    }
}
