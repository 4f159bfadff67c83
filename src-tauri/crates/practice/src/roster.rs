//! The instances of the partner, as they came to be and as the listing has them.

use std::collections::HashMap;

use fastrand::Rng;

use crate::instance::{Instance, ms};
use crate::listing::Change;
use crate::names;
use crate::{Config, Customer, Middleware};

/// What a listing is asked for.
#[derive(Debug)]
pub(crate) struct Search {
    in_lowercase: String,
    in_capitals: String,
    middleware: Option<Middleware>,
}

impl Search {
    /// `text` is part of a name or an id, in capitals or not; empty is all.
    pub fn new(text: &str, middleware: Option<Middleware>) -> Self {
        Self {
            in_lowercase: text.to_lowercase(),
            // For ids, which have no other letters.
            in_capitals: text.to_ascii_uppercase(),
            middleware,
        }
    }

    fn is_for_all(&self) -> bool {
        self.in_lowercase.is_empty() && self.middleware.is_none()
    }

    fn finds(&self, instance: &Instance) -> bool {
        let of_kind = self
            .middleware
            .is_none_or(|wanted| instance.customer.middleware == wanted);
        of_kind
            && (instance.name_in_lowercase().contains(&self.in_lowercase)
                || instance.customer.instance_id.contains(&self.in_capitals))
    }
}

/// All instances. A page without search costs the same with many as with few.
#[derive(Debug)]
pub(crate) struct Roster {
    /// In the order in which they came to be; a removed one leaves its place empty.
    instances: Vec<Option<Instance>>,
    /// Instance id → place in `instances`.
    places: HashMap<String, usize>,
    /// Places in `instances`, in the order of the listing.
    listed: Vec<usize>,
    /// The first places are those of [`Config::customers`].
    customers: usize,
    registration_wait_ms: i64,
}

impl Roster {
    pub fn new(config: &Config, now: i64) -> Self {
        let wait = ms(config.registration_wait);
        let customers = config.customers.len();
        let of_scenario = config
            .customers
            .iter()
            .enumerate()
            .map(|(index, scenario)| Instance::new(index, *scenario, wait, now));
        let plain = (customers..config.instances).map(|index| Instance::plain(index, wait, now));
        let mut roster = Self {
            instances: Vec::new(),
            places: HashMap::new(),
            listed: Vec::new(),
            customers,
            registration_wait_ms: wait,
        };
        for instance in of_scenario.chain(plain) {
            roster.add(instance, roster.listed.len());
        }
        roster
    }

    /// `row` is where the listing is to have it.
    fn add(&mut self, instance: Instance, row: usize) {
        let place = self.instances.len();
        let id = instance.customer.instance_id.clone();
        self.places.insert(id, place);
        self.instances.push(Some(instance));
        self.listed.insert(row, place);
    }

    /// A new instance, at the end of the listing (where the real one has it is unknown), and the end
    /// of its trial.
    pub fn create(&mut self, name: &str, middleware: Middleware, now: i64) -> (Customer, i64) {
        self.create_at(self.listed.len(), name, middleware, now)
    }

    fn create_at(
        &mut self,
        row: usize,
        name: &str,
        middleware: Middleware,
        now: i64,
    ) -> (Customer, i64) {
        let index = self.instances.len();
        let wait = self.registration_wait_ms;
        let instance = Instance::created(index, name, middleware, wait, now);
        let made = (instance.customer.clone(), instance.due_ms());
        self.add(instance, row);
        made
    }

    /// Whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        let Some(place) = self.places.remove(id) else {
            return false;
        };
        self.instances[place] = None;
        self.listed.retain(|listed| *listed != place);
        true
    }

    pub fn get(&self, id: &str) -> Option<&Instance> {
        self.at(*self.places.get(id)?)
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut Instance> {
        let place = *self.places.get(id)?;
        self.instances.get_mut(place)?.as_mut()
    }

    fn at(&self, place: usize) -> Option<&Instance> {
        self.instances.get(place)?.as_ref()
    }

    /// In the order in which they came to be.
    pub fn customers(&self) -> Vec<Customer> {
        let instances = self.instances.iter().flatten();
        instances
            .map(|instance| instance.customer.clone())
            .collect()
    }

    /// How many the search finds, and those on its `page`, from 1.
    pub fn page(&self, search: &Search, page: usize, size: usize) -> (usize, Vec<&Instance>) {
        let before = page.saturating_sub(1).saturating_mul(size);
        let rows = self.listed.iter();
        if search.is_for_all() {
            let rows = rows.skip(before).take(size);
            let rows = rows.filter_map(|place| self.at(*place));
            return (self.listed.len(), rows.collect());
        }
        let mut total = 0;
        let mut on_page = Vec::new();
        for instance in rows.filter_map(|place| self.at(*place)) {
            if search.finds(instance) {
                if total >= before && on_page.len() < size {
                    on_page.push(instance);
                }
                total += 1;
            }
        }
        (total, on_page)
    }

    /// Changes of itself, as if others were at work on the account.
    pub fn change(&mut self, change: Change, random: &mut Rng, now: i64) {
        let rows = self.listed.len();
        match change {
            Change::Order => {
                if rows < 2 {
                    return;
                }
                let first = random.usize(..rows - 1);
                let stretch = &mut self.listed[first..=random.usize(first + 1..rows)];
                stretch.rotate_left(random.usize(1..stretch.len()));
            }
            Change::Loss => {
                let first = random.usize(..rows.max(1));
                let lost = (first..rows)
                    .chain(0..first.min(rows))
                    .map(|row| self.listed[row])
                    .find(|place| *place >= self.customers)
                    .and_then(|place| Some(self.at(place)?.customer.instance_id.clone()));
                if let Some(id) = lost {
                    self.remove(&id);
                }
            }
            Change::Gain => {
                let name = names::plain(self.instances.len());
                self.create_at(random.usize(..=rows), &name, Middleware::Web, now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::HashSet;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::Scenario;

    const NOW: i64 = 1_782_850_838_085;

    fn roster(customers: usize, instances: usize) -> Roster {
        let config = Config {
            customers: vec![Scenario::Connects; customers],
            instances,
            ..Config::default()
        };
        Roster::new(&config, NOW)
    }

    fn all() -> Search {
        Search::new("", None)
    }

    fn ids(roster: &Roster) -> Vec<String> {
        let (total, rows) = roster.page(&all(), 1, usize::MAX);
        assert_eq!(total, rows.len());
        rows.iter()
            .map(|instance| instance.customer.instance_id.clone())
            .collect()
    }

    #[test]
    fn plain_instances_come_behind_the_customers() {
        let roster = roster(3, 10);
        let customers = roster.customers();
        assert_eq!(customers.len(), 10);
        let in_order: Vec<String> = customers.into_iter().map(|c| c.instance_id).collect();
        assert_eq!(ids(&roster), in_order);
        assert_eq!(super::tests::roster(3, 2).customers().len(), 3);
    }

    #[test]
    fn a_page_has_its_part_of_what_is_found() {
        let roster = roster(0, 100);
        let every_id = ids(&roster);
        for size in [1, 7, 50, 100, 101] {
            let mut read = Vec::new();
            for page in 1..=100_usize.div_ceil(size) {
                let (total, rows) = roster.page(&all(), page, size);
                assert_eq!(total, 100);
                read.extend(rows.iter().map(|row| row.customer.instance_id.clone()));
            }
            assert_eq!(read, every_id, "pages of {size}");
        }
        assert_eq!(roster.page(&all(), 3, 50).1.len(), 0);
        assert_eq!(roster.page(&all(), usize::MAX, usize::MAX).1.len(), 0);

        let mobile = Search::new("", Some(Middleware::Mobile));
        let (total, first) = roster.page(&mobile, 1, 2);
        let (_, second) = roster.page(&mobile, 2, 2);
        assert!((3..30).contains(&total) && first.len() == 2, "{total}");
        assert_ne!(
            first[0].customer.instance_id,
            second[0].customer.instance_id
        );
    }

    #[test]
    fn a_search_ignores_capitals_in_names_and_ids() {
        let mut roster = roster(2, 2);
        let customer = roster.customers().remove(1);
        for text in [
            "barbearia do PORTO",
            "BARBEARIA",
            &customer.instance_id.to_lowercase(),
            &customer.instance_id[20..],
        ] {
            let (total, found) = roster.page(&Search::new(text, None), 1, 10);
            assert_eq!(total, 1, "{text}");
            assert_eq!(found[0].customer, customer);
        }
        let instance = roster.get_mut(&customer.instance_id).unwrap();
        instance.rename("ÓTICA".to_owned());
        let found = |text| roster.page(&Search::new(text, None), 1, 10).0;
        assert_eq!((found("ótica"), found("barbearia")), (1, 0));
    }

    #[test]
    fn what_was_removed_is_gone_and_its_id_is_not_given_again() {
        let mut roster = roster(1, 4);
        let before = ids(&roster);
        assert!(roster.remove(&before[3]));
        assert!(!roster.remove(&before[3]), "it is gone");
        assert!(roster.get(&before[3]).is_none());
        let (made, due) = roster.create("Loja", Middleware::Mobile, NOW);
        assert!(due > NOW);
        assert!(!before.contains(&made.instance_id));
        let now = [&before[..3], &[made.instance_id]].concat();
        assert_eq!(ids(&roster), now);
    }

    /// What a hundred changes leave of a roster.
    fn changed(seed: u64) -> Vec<String> {
        let mut random = Rng::with_seed(seed);
        let mut roster = roster(3, 40);
        let customers: Vec<String> = ids(&roster)[..3].to_vec();
        for nth in 0..99 {
            let change = [Change::Order, Change::Loss, Change::Gain][nth % 3];
            let before = ids(&roster);
            roster.change(change, &mut random, NOW);
            let after = ids(&roster);
            let (was, is): (HashSet<_>, HashSet<_>) =
                (before.iter().collect(), after.iter().collect());
            assert_eq!(is.len(), after.len(), "a row came twice");
            match change {
                Change::Order => assert!(was == is && before != after),
                Change::Loss => assert!(was.is_superset(&is) && is.len() == was.len() - 1),
                Change::Gain => assert!(is.is_superset(&was) && is.len() == was.len() + 1),
            }
        }
        let after = ids(&roster);
        assert!(customers.iter().all(|id| after.contains(id)));
        after
    }

    #[test]
    fn a_roster_changes_by_its_seed_and_keeps_the_customers() {
        assert_eq!(changed(1), changed(1));
        assert_ne!(changed(1), changed(2));
    }

    #[test]
    fn a_roster_without_plain_instances_changes_too() {
        for instances in [0, 1, 2] {
            let mut random = Rng::with_seed(1);
            let mut roster = roster(instances, 0);
            for change in [Change::Loss, Change::Order, Change::Gain] {
                roster.change(change, &mut random, NOW);
            }
            assert_eq!(roster.customers().len(), instances + 1);
        }
    }

    #[test]
    fn the_many_are_a_plausible_mix() {
        let roster = roster(0, 10_000);
        let share = |is: fn(&Instance) -> bool| {
            let instances = roster.instances.iter().flatten();
            instances.filter(|instance| is(instance)).count()
        };
        let connected = share(Instance::connected);
        let over = share(|instance| instance.due_ms() < NOW);
        let mobile = share(|instance| instance.customer.middleware == Middleware::Mobile);
        assert!((8_300..8_700).contains(&connected), "{connected} connected");
        assert!((300..500).contains(&over), "{over} without subscription");
        assert!((900..1_100).contains(&mobile), "{mobile} mobile");
        assert_eq!(
            share(|instance| instance.connected() && instance.due_ms() < NOW),
            0
        );
    }

    #[test]
    fn a_page_of_many_costs_little() {
        let roster = roster(0, 100_000);
        let names: HashSet<String> = roster.customers().into_iter().map(|c| c.name).collect();
        assert_eq!(names.len(), 100_000);
        let started = Instant::now();
        for page in 1..=2_000 {
            assert_eq!(roster.page(&all(), page, 50).1.len(), 50);
        }
        // Looking at every instance for each page would be 200 million looks.
        let taken = started.elapsed();
        assert!(taken < Duration::from_secs(2), "{taken:?}");
    }
}
