//! The customers in memory, as far as finding, counting and comparing them needs: no keystroke and no
//! refresh reads the file. About 300 bytes each.
//!
//! What is searched stands in one text, in the order of the list, so that a search is one pass over
//! memory. It is put in order when it is read, and when somebody searches after texts have changed.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::time::Duration;

use memchr::memmem::Finder;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::customers::{ConnectionStatus, CustomerQuery, CustomerSort, StatusCounts, StatusFilter};
use crate::instance::InstanceType;
use crate::phone;
use crate::store::CustomerRecord;

/// Between the texts of two customers; no text has it.
const END: char = '\0';

/// What is known of a customer without the file.
#[derive(Debug)]
struct Entry {
    id: Box<str>,
    account: u16,
    status: ConnectionStatus,
    status_since: Option<i64>,
    instance_type: Option<InstanceType>,
    due: Option<i64>,
    vanished: bool,
    connected_before: bool,
    labels: Box<[u16]>,
    name_is_listed: bool,
    /// Of the name as it is written.
    name: u64,
    /// When its status was seen last, by our ticks; zero: not by this run of Ponte.
    seen: Duration,
    /// Where its text stands.
    text: Range<u32>,
}

/// What the listing must agree with, or the customer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known<'a> {
    pub account_id: &'a str,
    pub status: ConnectionStatus,
    /// When its status was seen last, by our ticks.
    pub seen: Duration,
    pub instance_type: Option<InstanceType>,
    pub due: Option<i64>,
    pub vanished: bool,
    /// The name follows the listing and is another there.
    pub renamed: bool,
}

/// What a search found: the page wanted, as ids in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub ids: Vec<String>,
    pub total: u32,
    pub counts: StatusCounts,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// In the order of the list while `ordered`.
    entries: Vec<Entry>,
    text: String,
    ordered: bool,
    by_id: HashMap<Box<str>, u32>,
    /// By instance id.
    by_instance: HashMap<Box<str>, u32>,
    accounts: Names,
    labels: Names,
    /// Of all.
    counts: StatusCounts,
    hash: RandomState,
}

/// Few names that many customers share.
#[derive(Debug, Default)]
struct Names(Vec<Box<str>>);

impl Names {
    fn number(&mut self, name: &str) -> u16 {
        let place = self.find(name).unwrap_or_else(|| {
            self.0.push(name.into());
            self.0.len() - 1
        });
        // A 65,536th label is taken for the last one: the row tells all the same.
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| **known == *name)
    }

    fn name(&self, number: u16) -> &str {
        self.0.get(usize::from(number)).map_or("", |name| name)
    }
}

impl Index {
    /// Notes a customer as stored; gives the status it had before, if it was known.
    pub fn put(&mut self, customer: &CustomerRecord) -> Option<ConnectionStatus> {
        let text = search_text(customer);
        let entry = Entry {
            id: customer.id.as_str().into(),
            account: self.accounts.number(&customer.account_id),
            status: customer.status,
            status_since: customer.status_since,
            instance_type: customer.instance_type,
            due: customer.due,
            vanished: customer.vanished_at.is_some(),
            connected_before: customer.connected_at.is_some(),
            labels: customer
                .labels()
                .map(|label| self.labels.number(label))
                .collect(),
            name_is_listed: customer.name_is_listed,
            name: self.hash.hash_one(&customer.name),
            seen: Duration::ZERO,
            text: 0..0,
        };
        entry.count(&mut self.counts, u32::wrapping_add);
        let place = match self.by_id.get(customer.id.as_str()) {
            Some(place) => *place,
            None => {
                let place = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
                let text = self.write(&text);
                self.entries.push(Entry { text, ..entry });
                self.by_id.insert(customer.id.as_str().into(), place);
                self.by_instance
                    .insert(customer.instance_id.as_str().into(), place);
                return None;
            }
        };
        if self.by_instance.get(customer.instance_id.as_str()) != Some(&place) {
            self.by_instance.retain(|_, at| *at != place);
            self.by_instance
                .insert(customer.instance_id.as_str().into(), place);
        }
        let before = self.entries.get(place as usize)?;
        before.count(&mut self.counts, u32::wrapping_sub);
        let seen = before.seen;
        let text = match self.text_of(before) == text {
            true => before.text.clone(),
            false => self.write(&text),
        };
        let slot = self.entries.get_mut(place as usize)?;
        Some(
            std::mem::replace(
                slot,
                Entry {
                    text,
                    seen,
                    ..entry
                },
            )
            .status,
        )
    }

    /// Forgets a customer.
    pub fn remove(&mut self, id: &str) {
        let Some(place) = self.by_id.remove(id) else {
            return;
        };
        // The text stays behind until the next ordering.
        self.ordered = false;
        let gone = self.entries.remove(place as usize);
        gone.count(&mut self.counts, u32::wrapping_sub);
        self.by_instance.retain(|_, at| *at != place);
        for at in self.by_id.values_mut().chain(self.by_instance.values_mut()) {
            *at -= u32::from(*at > place);
        }
    }

    /// The customer that has an instance. `name`: what the listing calls it.
    pub fn known(&self, instance_id: &str, name: Option<&str>) -> Option<Known<'_>> {
        let entry = self
            .entries
            .get(*self.by_instance.get(instance_id)? as usize)?;
        let renamed = |name| entry.name_is_listed && self.hash.hash_one(name) != entry.name;
        Some(Known {
            account_id: self.accounts.name(entry.account),
            status: entry.status,
            seen: entry.seen,
            instance_type: entry.instance_type,
            due: entry.due,
            vanished: entry.vanished,
            renamed: name.is_some_and(renamed),
        })
    }

    /// Notes that a customer's status was seen (our ticks). Whether it was known to be so.
    pub fn saw(&mut self, id: &str, status: ConnectionStatus, seen: Duration) -> bool {
        let Some(place) = self.by_id.get(id) else {
            return false;
        };
        let Some(entry) = self.entries.get_mut(*place as usize) else {
            return false;
        };
        entry.seen = seen;
        entry.status == status && entry.status_since.is_some()
    }

    /// The customers of an account that have not vanished and whose instance is not among those seen,
    /// each with its instance.
    pub fn unseen(&self, account_id: &str, seen: &HashSet<String>) -> Vec<(String, String)> {
        let account = self.accounts.find(account_id);
        let unseen = self.by_instance.iter().filter_map(|(instance, place)| {
            let entry = self.entries.get(*place as usize)?;
            let here = Some(usize::from(entry.account)) == account;
            (here && !entry.vanished && !seen.contains(&**instance))
                .then(|| (entry.id.to_string(), instance.to_string()))
        });
        unseen.collect()
    }

    /// How the customers of all accounts are.
    pub fn counts(&self) -> StatusCounts {
        self.counts
    }

    /// All labels in use, in no order.
    pub fn labels(&self) -> Vec<String> {
        let mut used = vec![false; self.labels.0.len()];
        for label in self.entries.iter().flat_map(|entry| &entry.labels) {
            if let Some(used) = used.get_mut(usize::from(*label)) {
                *used = true;
            }
        }
        let labels = self.labels.0.iter().zip(used);
        labels
            .filter(|(_, used)| *used)
            .map(|(label, _)| label.to_string())
            .collect()
    }

    /// The customers that match, a page of them.
    pub fn find(&mut self, query: &CustomerQuery) -> Found {
        self.order();
        let words = search_words(&query.text);
        let account = query.account_id.as_ref();
        let account = account.map(|id| self.accounts.find(id).unwrap_or(usize::MAX));
        let label = query.label.as_ref();
        let label = label.map(|label| self.labels.find(label).unwrap_or(usize::MAX));
        let mut found = Found::default();
        let mut places = Vec::new();
        for place in self.with_words(&words) {
            let Some(entry) = self.entries.get(place) else {
                continue;
            };
            let matches = account.is_none_or(|account| usize::from(entry.account) == account)
                && label.is_none_or(|label| entry.labels.iter().any(|l| usize::from(*l) == label))
                && (query.instance_type.is_none() || query.instance_type == entry.instance_type);
            if !matches {
                continue;
            }
            entry.count(&mut found.counts, u32::wrapping_add);
            if query.status.is_none_or(|status| entry.is(status)) {
                places.push(place);
            }
        }
        found.total = u32::try_from(places.len()).unwrap_or(u32::MAX);
        // Stable: equal ones stay in the order of their names.
        let entry = |place: &usize| self.entries.get(*place);
        match query.sort {
            CustomerSort::Name => {}
            CustomerSort::Changed => places.sort_by_key(|place| {
                let since = entry(place).and_then(|entry| entry.status_since);
                std::cmp::Reverse(since.unwrap_or(i64::MIN))
            }),
            CustomerSort::Due => places.sort_by_key(|place| {
                let due = entry(place).and_then(|entry| entry.due);
                due.unwrap_or(i64::MAX)
            }),
        }
        let page = places.iter().skip(query.offset as usize);
        found.ids = page
            .take(query.limit as usize)
            .filter_map(|place| Some(entry(place)?.id.to_string()))
            .collect();
        found
    }

    /// The places of the entries that hold every word, in the order of the list.
    fn with_words(&self, words: &[String]) -> Vec<usize> {
        // The longest word is the rarest; the others are looked for where it is.
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let Some((longest, others)) = words.split_first() else {
            return (0..self.entries.len()).collect();
        };
        let others: Vec<Finder<'_>> = others.iter().map(Finder::new).collect();
        let longest = Finder::new(longest);
        let text = self.text.as_bytes();
        let mut places = Vec::new();
        let mut from = 0;
        let mut place = 0;
        while let Some(at) = text.get(from..).and_then(|rest| longest.find(rest)) {
            let at = from + at;
            let rest = self.entries.get(place..).unwrap_or_default();
            let ends_before = |entry: &Entry| entry.text.end as usize <= at;
            // A short word is in the next one or near it, a long one far away.
            let mut reach = 1;
            while rest.get(reach).is_some_and(ends_before) {
                reach *= 2;
            }
            let near = rest.get(..=reach).unwrap_or(rest);
            place += near.partition_point(ends_before);
            let Some(entry) = self.entries.get(place) else {
                break;
            };
            let whole = self.text_of(entry).as_bytes();
            if others.iter().all(|word| word.find(whole).is_some()) {
                places.push(place);
            }
            from = entry.text.end as usize;
            place += 1;
        }
        places
    }

    /// Puts entries and texts into the order of the list, if they are not.
    pub fn order(&mut self) {
        if self.ordered {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let text_of = |entry: &Entry| {
            text.get(entry.text.start as usize..entry.text.end as usize)
                .unwrap_or_default()
        };
        let mut order: Vec<u32> = (0..).take(self.entries.len()).collect();
        let mut entries: Vec<Option<Entry>> = std::mem::take(&mut self.entries)
            .into_iter()
            .map(Some)
            .collect();
        let at = |place: &u32| entries.get(*place as usize).and_then(Option::as_ref);
        // Stable, so that what is nearly in order costs little.
        order.sort_by(|one, other| {
            let key = |place| at(place).map(|entry| (text_of(entry), &entry.id));
            key(one).cmp(&key(other))
        });
        let mut places = vec![0; order.len()];
        let mut ordered = String::with_capacity(text.len());
        for (place, before) in (0..).zip(order) {
            let Some(mut entry) = entries.get_mut(before as usize).and_then(Option::take) else {
                continue;
            };
            if let Some(moved) = places.get_mut(before as usize) {
                *moved = place;
            }
            let own = text_of(&entry);
            entry.text = push(&mut ordered, own);
            self.entries.push(entry);
        }
        for at in self.by_id.values_mut().chain(self.by_instance.values_mut()) {
            *at = places.get(*at as usize).copied().unwrap_or(*at);
        }
        self.text = ordered;
        self.ordered = true;
    }

    fn write(&mut self, text: &str) -> Range<u32> {
        self.ordered = false;
        push(&mut self.text, text)
    }

    fn text_of(&self, entry: &Entry) -> &str {
        let range = entry.text.start as usize..entry.text.end as usize;
        self.text.get(range).unwrap_or_default()
    }
}

impl Entry {
    fn is(&self, status: StatusFilter) -> bool {
        match status {
            StatusFilter::Connected => !self.vanished && self.status == ConnectionStatus::Connected,
            StatusFilter::Offline => {
                !self.vanished
                    && matches!(
                        self.status,
                        ConnectionStatus::Offline | ConnectionStatus::NotFound
                    )
            }
            StatusFilter::SubscriptionOver => {
                !self.vanished && self.status == ConnectionStatus::SubscriptionOver
            }
            StatusFilter::NeverConnected => {
                !self.vanished
                    && !self.connected_before
                    && self.status != ConnectionStatus::Connected
            }
            StatusFilter::Vanished => self.vanished,
        }
    }

    /// Counts it in, or out again. `change` is `+` or `-`.
    fn count(&self, counts: &mut StatusCounts, change: impl Fn(u32, u32) -> u32) {
        counts.all = change(counts.all, 1);
        for (status, count) in [
            (StatusFilter::Connected, &mut counts.connected),
            (StatusFilter::Offline, &mut counts.offline),
            (
                StatusFilter::SubscriptionOver,
                &mut counts.subscription_over,
            ),
            (StatusFilter::NeverConnected, &mut counts.never_connected),
            (StatusFilter::Vanished, &mut counts.vanished),
        ] {
            *count = change(*count, u32::from(self.is(status)));
        }
    }
}

fn push(text: &mut String, own: &str) -> Range<u32> {
    let place = |text: &String| u32::try_from(text.len()).unwrap_or(u32::MAX);
    let start = place(text);
    text.push_str(own);
    let end = place(text);
    text.push(END);
    start..end
}

/// Accents and case taken away.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        // Most of what there is; the other way takes ten times as long.
        return text.replace(END, "").to_ascii_lowercase();
    }
    text.nfd()
        .filter(|c| !is_combining_mark(*c) && *c != END)
        .flat_map(char::to_lowercase)
        .collect()
}

/// What of a customer is searched. It begins with the folded name, by which the list is ordered, so
/// that accents do not go to the end.
fn search_text(customer: &CustomerRecord) -> String {
    let CustomerRecord {
        name,
        instance_id,
        note,
        labels,
        ..
    } = customer;
    let digits = customer.phone.as_deref().unwrap_or_default();
    // With the mobile 9 and without, whichever way it is kept.
    let other = phone::without_ninth_digit(digits).or_else(|| phone::with_ninth_digit(digits));
    let other = other.unwrap_or_default();
    [name, digits, &other, instance_id, labels, note]
        .map(fold)
        .join("\n")
}

/// The words to look for: a phone number in any spelling is one word, its digits.
fn search_words(text: &str) -> Vec<String> {
    let number = |text: &str| {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let is_number = digits.len() >= 3
            && text
                .chars()
                .all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-().".contains(c));
        // Within the country, people dial a 0 before the area code.
        is_number.then(|| digits.trim_start_matches('0').to_owned())
    };
    match number(text) {
        Some(number) => vec![number],
        None => fold(text)
            .split_whitespace()
            .map(|word| number(word).unwrap_or_else(|| word.to_owned()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::customers::Typed;
    use crate::language::Language;

    fn customer(id: usize, name: &str, phone: Option<&str>, note: &str) -> CustomerRecord {
        let typed = Typed {
            name: name.into(),
            phone: phone.map(str::to_owned),
            note: note.into(),
            labels: "Lojas\nVIP".into(),
        };
        CustomerRecord {
            id: format!("{id:04}"),
            ..typed.customer("a".into(), format!("3C00FAKE{id:04}"), Language::Portuguese)
        }
    }

    fn found(index: &mut Index, text: &str) -> Vec<String> {
        let query = CustomerQuery {
            text: text.into(),
            ..CustomerQuery::default()
        };
        index.find(&query).ids
    }

    #[test]
    fn a_customer_is_found_by_whatever_the_agent_remembers() {
        let mut index = Index::default();
        index.put(&customer(
            1,
            "Padaria São João",
            Some("5544999990101"),
            "só à tarde",
        ));
        index.put(&customer(2, "Ótica Horizonte", None, ""));
        for text in [
            "sao joao",
            "JOÃO padaria",
            "pad",
            "(44) 99999-0101",
            "44 9999-0101",
            "+55 44 99999 0101",
            "044999990101",
            "0101",
            "a tarde",
            "3c00fake0001",
            "vip padaria",
            "padaria 99999-0101",
        ] {
            assert_eq!(found(&mut index, text), ["0001"], "{text}");
        }
        assert_eq!(
            found(&mut index, "vip"),
            ["0002", "0001"],
            "by name, accents aside"
        );
        assert!(found(&mut index, "joao horizonte").is_empty());
    }

    #[test]
    fn an_edited_customer_is_found_as_it_is_now_and_only_once() {
        let mut index = Index::default();
        index.put(&customer(1, "Aurora", None, ""));
        index.put(&customer(2, "Zebra", None, ""));
        assert_eq!(found(&mut index, ""), ["0001", "0002"]);
        let mut renamed = customer(1, "Zulu", None, "");
        renamed.instance_id = "3C00FAKEMOVED".into();
        index.put(&renamed);
        assert_eq!(found(&mut index, ""), ["0002", "0001"]);
        assert!(found(&mut index, "aurora").is_empty());
        assert!(index.known("3C00FAKE0001", None).is_none());
        assert!(index.known("3C00FAKEMOVED", None).is_some());
        index.remove("0002");
        assert_eq!(found(&mut index, ""), ["0001"]);
        assert!(index.known("3C00FAKEMOVED", None).is_some());
    }

    proptest! {
        /// Against the obvious way of searching.
        #[test]
        fn a_search_finds_what_holds_every_word(
            names in prop::collection::vec("[a-cá ]{1,6}", 1..20),
            removed in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
            text in "[a-c ]{0,5}",
        ) {
            let mut index = Index::default();
            let mut all: Vec<_> = names.iter().enumerate().map(|(id, name)| customer(id, name, None, "")).collect();
            for customer in &all {
                index.put(customer);
            }
            index.find(&CustomerQuery::default());
            for removed in removed {
                if !all.is_empty() {
                    let gone = all.remove(removed.index(all.len()));
                    index.remove(&gone.id);
                }
            }
            let words = search_words(&text);
            all.retain(|customer| words.iter().all(|word| search_text(customer).contains(word.as_str())));
            all.sort_by_key(|customer| (search_text(customer), customer.id.clone()));
            let expected: Vec<_> = all.into_iter().map(|customer| customer.id).collect();
            prop_assert_eq!(found(&mut index, &text), expected);
        }
    }
}
