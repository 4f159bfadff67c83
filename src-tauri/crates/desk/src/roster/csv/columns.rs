//! What the columns of a file hold, by its headings or by what stands in them.

use crate::address::{self, Address};
use crate::input;
use crate::language::Language;
use crate::phone;

use super::CsvColumn;
use super::table::{Grid, Row};

/// Rows that are looked at.
const SAMPLE: usize = 200;

/// Shortest run of letters and digits that is taken for an id or a token without a heading that says
/// so: shorter ones are words and serial numbers.
const SHORTEST_ID: usize = 16;

/// What a file seems to hold.
pub struct Guess {
    /// The first row is headings.
    pub has_headings: bool,
    /// What each column seems to hold.
    pub columns: Vec<Option<CsvColumn>>,
}

/// How surely a heading means what Ponte takes it for; the later the surer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Surety {
    word: Word,
    /// There is nothing else in it.
    alone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    /// "ID": of whatever there is.
    Id,
    /// "Cliente": its name, or something of it.
    Customer,
    /// One that says it.
    Plain,
}

/// What a heading says of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heading {
    /// One of ours, more or less surely.
    Ours(CsvColumn, Surety),
    /// A secret that is none of a customer's, whatever it looks like.
    Foreign,
    /// Nobody knows.
    Unknown,
}

/// Words of headings, folded. A heading is taken for the first row in which it has a word: "Token da
/// instância" is a token, "Nome do cliente" a name.
const WORDS: [(CsvColumn, &str); 7] = [
    (CsvColumn::Token, "token tokens"),
    (CsvColumn::Name, "nome name nombre"),
    (
        CsvColumn::Address,
        "instancia instance instanceid endereco address direccion url api",
    ),
    (
        CsvColumn::Phone,
        "telefone telefono celular whatsapp phone fone numero number tel movil mobile cel",
    ),
    (CsvColumn::Language, "idioma language lingua lengua"),
    (
        CsvColumn::Note,
        "observacao observacoes observacion observaciones obs nota notas note notes anotacao anotacoes \
         comentario comentarios",
    ),
    (
        CsvColumn::Labels,
        "etiqueta etiquetas tag tags label labels grupo grupos group groups",
    ),
];

/// The same, of customers in general.
const CUSTOMER: &str = "cliente clientes customer client razao razon empresa company loja";

/// Next to "token": it is the partner's own.
const PARTNER: &str = "partner parceiro socio security seguranca seguridad";

/// Whether a cell is one of the headings that Ponte knows.
pub fn is_heading(cell: &str) -> bool {
    matches!(heading(cell), Heading::Ours(..))
}

/// Whether a heading says that tokens stand below it, a customer's or the partner's own.
pub fn says_token(cell: &str) -> bool {
    matches!(
        heading(cell),
        Heading::Ours(CsvColumn::Token, _) | Heading::Foreign
    )
}

fn heading(cell: &str) -> Heading {
    // A sentence is no heading.
    if cell.chars().count() > 40 {
        return Heading::Unknown;
    }
    let folded = fold(cell);
    let words: Vec<&str> = folded.split_whitespace().collect();
    let has = |ours: &str| ours.split_whitespace().any(|word| words.contains(&word));
    let of_partner = folded == "client token" || folded == "clienttoken";
    if of_partner || has("token") && has(PARTNER) || has("senha password") {
        return Heading::Foreign;
    }
    let plain = WORDS.into_iter().find(|(_, ours)| has(ours));
    let (column, word) = match plain {
        Some((column, _)) => (column, Word::Plain),
        None if has(CUSTOMER) => (CsvColumn::Name, Word::Customer),
        None if has("id") => (CsvColumn::Address, Word::Id),
        None => return Heading::Unknown,
    };
    let alone = words.len() == 1;
    Heading::Ours(column, Surety { word, alone })
}

/// What the columns hold. `None`: nothing in here looks like a table of customers.
pub fn guess(grid: &Grid) -> Option<Guess> {
    let first = grid.rows().next()?;
    let headings: Vec<Heading> = (0..grid.width).map(|c| heading(first.cell(c))).collect();
    let headed = headings.iter().any(|h| matches!(h, Heading::Ours(..)))
        && !first
            .cells()
            .any(|cell| is_secret_like(cell) || is_phone(cell));
    let sure = |heading: &Heading| match heading {
        Heading::Ours(_, surety) => surety.alone && surety.word > Word::Id,
        _ => false,
    };
    let guess = match headed {
        true => by_headings(grid, &headings),
        false => by_content(grid, first),
    };
    let holds_address = || grid.rows().any(|row| row.cells().any(is_whole_address));
    (grid.width > 1 || (headed && headings.iter().any(sure)) || holds_address()).then_some(guess)
}

fn by_headings(grid: &Grid, headings: &[Heading]) -> Guess {
    let below = Below { grid, skip: 1 };
    let mut columns = vec![None; grid.width];
    for wanted in [
        CsvColumn::Name,
        CsvColumn::Address,
        CsvColumn::Token,
        CsvColumn::Phone,
        CsvColumn::Language,
        CsvColumn::Note,
        CsvColumn::Labels,
    ] {
        let fits = |column| match wanted {
            CsvColumn::Address => below.mostly(column, is_instance),
            CsvColumn::Token => below.mostly(column, |cell| input::token(cell).is_ok()),
            CsvColumn::Phone => below.mostly(column, is_phone),
            _ => true,
        };
        let candidates = headings.iter().enumerate().filter_map(|(column, heading)| {
            let Heading::Ours(of, surety) = heading else {
                return None;
            };
            let taken = (*of == wanted).then(|| (fits(column), *surety))?;
            let may = match wanted {
                // A lone "ID" over anything else than instance ids is somebody else's.
                CsvColumn::Address => taken.0 || surety.word > Word::Id || below.is_empty(column),
                CsvColumn::Phone => below.is_empty(column) || below.mostly(column, has_digits),
                _ => true,
            };
            may.then_some((column, taken))
        });
        // The leftmost of equals.
        let best = candidates.rev().max_by_key(|(_, taken)| *taken);
        if let Some((column, _)) = best
            && let Some(place) = columns.get_mut(column)
        {
            *place = Some(wanted);
        }
    }
    // Columns under headings that say nothing may still hold what cannot be mistaken.
    let open = |column: usize| {
        let ours = |of| matches!(of, CsvColumn::Address | CsvColumn::Token);
        match headings.get(column) {
            Some(Heading::Ours(of, _)) => ours(*of),
            heading => heading == Some(&Heading::Unknown),
        }
    };
    below.find_credentials(&mut columns, open);
    Guess {
        has_headings: true,
        columns,
    }
}

fn by_content(grid: &Grid, first: Row<'_>) -> Guess {
    let all = Below { grid, skip: 0 };
    let mut columns = vec![None; grid.width];
    all.find_credentials(&mut columns, |_| true);
    for (wanted, is) in [
        (CsvColumn::Phone, is_phone as fn(&str) -> bool),
        (CsvColumn::Language, is_language),
        (CsvColumn::Name, is_words),
    ] {
        let free = |column: &usize| columns.get(*column) == Some(&None);
        let found = (0..grid.width).filter(free).find(|c| all.mostly(*c, is));
        if let Some(place) = found.and_then(|column| columns.get_mut(column)) {
            *place = Some(wanted);
        }
    }
    // Headings in words that nobody foresaw.
    let place = |wanted| columns.iter().position(|column| *column == Some(wanted));
    let breaks = |wanted, is: fn(&str) -> bool| {
        place(wanted)
            .is_some_and(|column| !first.cell(column).is_empty() && !is(first.cell(column)))
    };
    Guess {
        has_headings: grid.rows().nth(1).is_some()
            && (breaks(CsvColumn::Address, is_instance) || breaks(CsvColumn::Phone, has_digits))
            && !first.cells().any(is_secret_like),
        columns,
    }
}

/// The rows that tell what columns hold.
struct Below<'a> {
    grid: &'a Grid,
    skip: usize,
}

impl Below<'_> {
    fn cells(&self, column: usize) -> impl Iterator<Item = &str> {
        let rows = self.grid.rows().skip(self.skip).take(SAMPLE);
        rows.map(move |row| row.cell(column).trim())
            .filter(|cell| !cell.is_empty())
    }

    fn is_empty(&self, column: usize) -> bool {
        self.cells(column).next().is_none()
    }

    /// More than half of what stands in a column is so.
    fn mostly(&self, column: usize, is: impl Fn(&str) -> bool) -> bool {
        let (all, such) = self.cells(column).fold((0, 0), |(all, such), cell| {
            (all + 1, such + usize::from(is(cell)))
        });
        such * 2 > all
    }

    /// Whole addresses, or else ids and then tokens, in columns that are open.
    fn find_credentials(&self, columns: &mut [Option<CsvColumn>], open: impl Fn(usize) -> bool) {
        let has = |columns: &[_], wanted| columns.iter().position(|column| *column == Some(wanted));
        let find = |columns: &[Option<CsvColumn>], is: fn(&str) -> bool| {
            let free = |column: &usize| open(*column) && columns.get(*column) == Some(&None);
            (0..columns.len())
                .filter(free)
                .find(|c| self.mostly(*c, is))
        };
        let put = |columns: &mut [_], column: Option<usize>, wanted| {
            if let Some(place) = column.and_then(|column| columns.get_mut(column)) {
                *place = Some(wanted);
            }
        };
        if has(columns, CsvColumn::Address).is_none() {
            let found = find(columns, is_whole_address).or_else(|| find(columns, is_credential));
            put(columns, found, CsvColumn::Address);
        }
        let address = has(columns, CsvColumn::Address);
        let whole = address.is_some_and(|column| self.mostly(column, is_whole_address));
        if address.is_some() && !whole && has(columns, CsvColumn::Token).is_none() {
            let found = find(columns, is_credential);
            put(columns, found, CsvColumn::Token);
        }
    }
}

/// Whether a cell may hold a token, whatever its column is said to hold.
pub fn is_secret_like(cell: &str) -> bool {
    is_whole_address(cell) || is_credential(cell)
}

/// Whether a cell is an address with a token in it.
pub fn is_whole_address(cell: &str) -> bool {
    // Looked at for every cell of a file.
    cell.contains('/') && matches!(address::parse(cell), Ok(Address::Whole { .. }))
}

/// An id or a token, by its looks.
fn is_credential(cell: &str) -> bool {
    let cell = input::clean(cell);
    cell.len() >= SHORTEST_ID
        && cell.bytes().any(|b| b.is_ascii_digit())
        && cell.bytes().any(|b| b.is_ascii_alphabetic())
        && cell
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// An address or an id, under a heading that says so.
fn is_instance(cell: &str) -> bool {
    match address::parse(cell) {
        Ok(Address::Whole { .. }) => true,
        Ok(Address::Id(id)) => id.len() >= SHORTEST_ID / 2 && has_digits(&id),
        Err(_) => false,
    }
}

fn is_phone(cell: &str) -> bool {
    cell.bytes().filter(u8::is_ascii_digit).count() >= 8
        && matches!(phone::parse(cell), Ok(Some(_)))
}

fn is_language(cell: &str) -> bool {
    language(cell).is_some()
}

fn is_words(cell: &str) -> bool {
    cell.chars().any(char::is_alphabetic) && !is_secret_like(cell)
}

fn has_digits(cell: &str) -> bool {
    cell.bytes().any(|b| b.is_ascii_digit())
}

/// A language by its tag or by its name in one of Ponte's languages; `None` for another.
pub fn language(cell: &str) -> Option<Language> {
    let folded = fold(cell);
    match folded.split_whitespace().next()? {
        "pt" | "portugues" | "portuguese" => Some(Language::Portuguese),
        "en" | "ingles" | "english" => Some(Language::English),
        "es" | "espanhol" | "espanol" | "castellano" | "spanish" => Some(Language::Spanish),
        _ => None,
    }
}

/// Accents, case and punctuation taken away.
fn fold(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::is_combining_mark;
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::table::Table;
    use super::*;

    fn guessed(file: &str) -> (bool, String) {
        let table = Table::read(file.as_bytes().to_vec())
            .map_err(|f| f.code)
            .unwrap();
        let letter = |column: &Option<CsvColumn>| match column {
            Some(CsvColumn::Name) => 'n',
            Some(CsvColumn::Address) => 'a',
            Some(CsvColumn::Token) => 't',
            Some(CsvColumn::Phone) => 'p',
            Some(CsvColumn::Language) => 'l',
            Some(CsvColumn::Note) => 'o',
            Some(CsvColumn::Labels) => 'g',
            None => '-',
        };
        (
            table.has_headings,
            table.guessed.iter().map(letter).collect(),
        )
    }

    #[test]
    fn headings_tell_what_the_columns_hold() {
        for (headings, columns) in [
            (
                "Nome;Instância;Token;Telefone;Idioma;Observação;Etiquetas",
                "natplog",
            ),
            ("NOME;ENDEREÇO;TOKEN;CELULAR;IDIOMA;OBS.;TAGS", "natplog"),
            (
                "Name,Instance ID,Instance token,Phone,Language,Notes,Labels",
                "natplog",
            ),
            (
                "Nombre;ID de la instancia;Token;Teléfono;Idioma;Nota;Etiquetas",
                "natplog",
            ),
            ("Cliente;URL da API;WhatsApp", "nap"),
            ("Razão Social;id;token;Número (com DDD);Grupo", "natpg"),
            ("Token da instância;ID da instância;Nome do cliente", "tan"),
            ("Código;Cliente;Nome;Instância;Número da instância", "--na-"),
            ("Cliente;Instância;Client-Token;Token do cliente", "na-t"),
            ("Nome;E-mail;Instância", "n-a"),
        ] {
            assert_eq!(guessed(headings), (true, columns.to_owned()), "{headings}");
        }
    }

    #[test]
    fn what_stands_below_a_heading_settles_what_it_leaves_open() {
        for (file, columns) in [
            // Serial numbers, and an address that is a street.
            ("ID;Nome;Instância\n1;A;3C00FAKE01\n2;B;3C00FAKE02", "-na"),
            ("ID;Nome\n1;A\n2;B", "-n"),
            ("ID;Nome\n3C00FAKE01;A\n3C00FAKE02;B", "an"),
            ("Nome;Endereço;Instância\nA;Rua B, 10;3C00FAKE01", "n-a"),
            // Two numbers: the one that is filled in with numbers.
            (
                "Nome;Número;WhatsApp\nA;10;44999990101\nB;11;44999990102",
                "n-p",
            ),
            ("Status WhatsApp;Nome\nConectado;A", "-n"),
            // Damaged numbers are told, and not left out.
            ("Nome;Telefone\nA;5,54499E+12\nB;5,54499E+12", "np"),
            // Headings that nobody foresaw, over what cannot be mistaken.
            (
                "Nome;Chave;Segredo\nA;3C00FAKE00000000AA01;7A00FAKE00000000AA01\nB;3C00FAKE00000000AA02;7A00FAKE00000000AA02",
                "nat",
            ),
            // The partner's own token is nobody's instance token.
            (
                "Nome;Instância;Client-Token\nA;3C00FAKE00000000AA01;F000FAKE00000000AA01",
                "na-",
            ),
        ] {
            assert_eq!(guessed(file), (true, columns.to_owned()), "{file}");
        }
    }

    #[test]
    fn a_file_without_headings_tells_by_what_stands_in_it() {
        let address = "https://api.z-api.io/instances/3C00FAKE01/token/7A00FAKE01/send-text";
        for (file, headed, columns) in [
            (format!("Padaria;(44) 99999-0101;{address}\n"), false, "npa"),
            (
                "3C00FAKE00000000AA01;7A00FAKE00000000AA01;Padaria;44999990101;pt-BR\n".to_owned(),
                false,
                "atnpl",
            ),
            (format!("{address}\n{address}"), false, "a"),
            ("Padaria;vip\nClínica;atacado".to_owned(), false, "n-"),
            (
                "Loja;Qual\nA;3C00FAKE00000000AA01\nB;3C00FAKE00000000AA02".to_owned(),
                true,
                "na",
            ),
            (
                "Quem;Qual\nA;3C00FAKE00000000AA01\nB;3C00FAKE00000000AA02".to_owned(),
                true,
                "na",
            ),
            // A customer's name may be one of our words.
            (
                "Cliente;3C00FAKE00000000AA01\nB;3C00FAKE00000000AA02".to_owned(),
                false,
                "na",
            ),
        ] {
            assert_eq!(guessed(&file), (headed, columns.to_owned()), "{file}");
        }
    }

    #[test]
    fn languages_are_known_by_tag_and_by_name() {
        for (cell, expected) in [
            ("pt-BR", Some(Language::Portuguese)),
            ("PORTUGUÊS (Brasil)", Some(Language::Portuguese)),
            ("en", Some(Language::English)),
            ("inglês", Some(Language::English)),
            ("es_MX", Some(Language::Spanish)),
            ("Español", Some(Language::Spanish)),
            ("espanhol", Some(Language::Spanish)),
            ("", None),
            ("francês", None),
        ] {
            assert_eq!(language(cell), expected, "{cell}");
        }
    }
}
