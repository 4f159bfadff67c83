//! The words that are said outside the windows: menu, titles, notifications. They come from the
//! UI's word files, section `host`, built in.

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
            let mut words: Value = serde_json::from_str(file).unwrap_or_default();
            (language, words["host"].take())
        })
        .collect()
});

/// The language of the system, as far as Ponte speaks it.
pub fn system_language() -> Language {
    Language::closest(&sys_locale::get_locale().unwrap_or_default())
}

/// The words at `path` (below `host`, parts joined by dots), with `{name}`s filled. A path that
/// does not exist gives itself; a test sees to it that none is asked for.
pub fn say(language: Language, path: &str, values: &[(&str, &str)]) -> String {
    let found = path
        .split('.')
        .try_fold(WORDS.get(&language), |at, key| Some(at?.get(key)));
    let text = found.flatten().and_then(Value::as_str).unwrap_or(path);
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
            include_str!("ipc/connect.rs"),
            include_str!("ipc/history.rs"),
        ];
        let call = regex::Regex::new(r#"\b(?:say|word)\((?:[^()"]*, )?"([a-zA-Z.]+)""#).unwrap();
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
