//! How the partner's listing behaves: what of it is set, and what it comes to call by call.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;

/// How `GET /instances` behaves, searches included. Times and page numbers are those of the calls as
/// they come, whoever makes them.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Rows of a page at most, whatever is asked for: the real limit is unknown. 50 by default.
    pub largest_page: usize,
    /// How long the server takes for each page. Nothing by default.
    pub pause: Duration,
    /// Page, from 1 → how many times it is answered with status 500 before it works; `usize::MAX` is
    /// always.
    pub failing_pages: BTreeMap<usize, usize>,
    /// Whether the roster changes while somebody reads it.
    pub moves: Option<Moves>,
    /// After so many calls, one is answered with status 429 and `Retry-After: 1`.
    pub too_often_after: Option<usize>,
}

impl Default for Listing {
    fn default() -> Self {
        Self {
            largest_page: 50,
            pause: Duration::ZERO,
            failing_pages: BTreeMap::new(),
            moves: None,
            too_often_after: None,
        }
    }
}

/// A roster that changes while somebody reads it. The changes take turns: a stretch of rows changes
/// its order, an instance that is not one of [`Config::customers`](crate::Config::customers) is
/// removed, a new one appears at any place.
///
/// From the same instances, the same settings make the same changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moves {
    /// Which rows, and where to.
    pub seed: u64,
    /// A change comes after so many pages were given. 3 by default.
    pub every: usize,
    /// So many changes, then the roster stays as it is. 30 by default.
    pub times: usize,
}

impl Default for Moves {
    fn default() -> Self {
        Self {
            seed: 1,
            every: 3,
            times: 30,
        }
    }
}

/// How one call for a page is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// With the page.
    Page,
    /// With status 500.
    Fails,
    /// With status 429 and `Retry-After: 1`.
    TooOften,
}

/// What happens to the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A stretch of rows changes its order.
    Order,
    /// An instance is removed.
    Loss,
    /// An instance appears.
    Gain,
}

const CHANGES: [Change; 3] = [Change::Order, Change::Loss, Change::Gain];

/// The listing's settings, and what is left of them to come.
#[derive(Debug)]
pub(crate) struct Paging {
    listing: Listing,
    calls: usize,
    /// Pages given.
    given: usize,
    /// Changes of the roster so far.
    changes: usize,
    /// What the changes are drawn from.
    pub random: Rng,
}

impl Paging {
    pub fn new(listing: Listing) -> Self {
        Self {
            random: Rng::with_seed(listing.moves.map_or(0, |moves| moves.seed)),
            listing,
            calls: 0,
            given: 0,
            changes: 0,
        }
    }

    pub fn pause(&self) -> Duration {
        self.listing.pause
    }

    /// The rows of a page for which `asked` were asked.
    pub fn page_size(&self, asked: usize) -> usize {
        asked.clamp(1, self.listing.largest_page.max(1))
    }

    /// Counts a call for `page` and tells how it is to be treated.
    pub fn next(&mut self, page: usize) -> Treatment {
        self.calls += 1;
        if self.listing.too_often_after == Some(self.calls - 1) {
            return Treatment::TooOften;
        }
        match self.listing.failing_pages.get_mut(&page) {
            None | Some(0) => Treatment::Page,
            Some(times) => {
                if *times != usize::MAX {
                    *times -= 1;
                }
                Treatment::Fails
            }
        }
    }

    /// Counts a page that was given and tells what happens to the roster after it.
    pub fn after_page(&mut self) -> Option<Change> {
        self.given += 1;
        let moves = self.listing.moves?;
        let due = self.given.is_multiple_of(moves.every.max(1));
        if !due || self.changes == moves.times {
            return None;
        }
        let change = CHANGES[self.changes % CHANGES.len()];
        self.changes += 1;
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_fails_as_often_as_set() {
        let mut paging = Paging::new(Listing {
            failing_pages: BTreeMap::from([(2, 2), (3, usize::MAX), (4, 0)]),
            ..Listing::default()
        });
        let mut treatments = |page| [(); 4].map(|()| paging.next(page));
        use Treatment::{Fails, Page};
        assert_eq!(treatments(1), [Page; 4]);
        assert_eq!(treatments(2), [Fails, Fails, Page, Page]);
        assert_eq!(treatments(3), [Fails; 4]);
        assert_eq!(treatments(4), [Page; 4]);
    }

    #[test]
    fn one_call_is_too_often() {
        let mut paging = Paging::new(Listing {
            too_often_after: Some(2),
            ..Listing::default()
        });
        use Treatment::{Page, TooOften};
        let treatments = [1, 2, 3, 3].map(|page| paging.next(page));
        assert_eq!(treatments, [Page, Page, TooOften, Page]);
    }

    #[test]
    fn the_roster_changes_in_turns_until_it_is_enough() {
        use Change::{Gain, Loss, Order};
        let moves = |every, times| {
            let mut paging = Paging::new(Listing {
                moves: Some(Moves {
                    seed: 7,
                    every,
                    times,
                }),
                ..Listing::default()
            });
            [(); 10].map(|()| paging.after_page())
        };
        let (order, loss, gain) = (Some(Order), Some(Loss), Some(Gain));
        let none = None;
        assert_eq!(
            moves(2, 4),
            [none, order, none, loss, none, gain, none, order, none, none]
        );
        assert_eq!(
            moves(0, 2)[..4],
            [order, loss, none, none],
            "0 is taken for 1"
        );
        let mut still = Paging::new(Listing::default());
        assert_eq!([(); 10].map(|()| still.after_page()), [none; 10]);
    }

    #[test]
    fn a_page_has_a_row_at_least() {
        let cut = |largest_page, asked| {
            Paging::new(Listing {
                largest_page,
                ..Listing::default()
            })
            .page_size(asked)
        };
        assert_eq!(
            [cut(50, 15), cut(50, 51), cut(50, 0), cut(0, 15)],
            [15, 50, 1, 1]
        );
    }
}
