//! Phone numbers, in any spelling, through the `phonenumber` library.

use phonenumber::country::Id as Country;
use phonenumber::{Mode, PhoneNumber};

use crate::input::{self, ProblemCode};

/// Reads a number in any spelling; one without a country code is Brazilian. `Ok(None)` for an
/// empty field. The result is digits with country code and without plus, as Z-API writes it.
pub fn parse(typed: &str) -> Result<Option<String>, ProblemCode> {
    let typed = input::clean(typed);
    if typed.is_empty() {
        return Ok(None);
    }
    if typed.len() > 64 || typed.chars().any(char::is_alphabetic) {
        return Err(ProblemCode::PhoneNotUnderstood);
    }
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return Err(ProblemCode::PhoneNotUnderstood);
    }
    // A Brazilian reading first, then the digits as a whole international number. Each takes some
    // microseconds, and a spreadsheet has thousands.
    let national = || match typed.starts_with('+') {
        true => None,
        false => phonenumber::parse(Some(Country::BR), &digits).ok(),
    };
    let international = || phonenumber::parse(None, format!("+{digits}")).ok();
    let mut problem = ProblemCode::PhoneNotUnderstood;
    for number in [
        &national as &dyn Fn() -> Option<PhoneNumber>,
        &international,
    ] {
        match number() {
            Some(number) if is_possible(&number) => return Ok(Some(to_digits(&number))),
            Some(_) => problem = ProblemCode::PhoneNotPossible,
            None => {}
        }
    }
    Err(problem)
}

/// Reads a number in any spelling and splits it into the country's calling code and the digits
/// after it. `Ok(None)` for an empty field.
pub fn split(typed: &str) -> Result<Option<(String, String)>, ProblemCode> {
    let Some(digits) = parse(typed)? else {
        return Ok(None);
    };
    let number = phonenumber::parse(None, format!("+{digits}"));
    let code = number
        .map_err(|_| ProblemCode::PhoneNotUnderstood)?
        .code()
        .value();
    let code = code.to_string();
    let national = digits.strip_prefix(&code).unwrap_or_default().to_owned();
    Ok(Some((code, national)))
}

/// Valid, or a Brazilian mobile written without the ninth digit, as WhatsApp itself writes many.
fn is_possible(number: &PhoneNumber) -> bool {
    phonenumber::is_valid(number)
        || with_ninth_digit(&to_digits(number))
            .and_then(|digits| phonenumber::parse(None, format!("+{digits}")).ok())
            .is_some_and(|number| phonenumber::is_valid(&number))
}

fn to_digits(number: &PhoneNumber) -> String {
    let e164 = number.format().mode(Mode::E164).to_string();
    e164.trim_start_matches('+').to_owned()
}

/// A Brazilian number with area code and eight digits, with the mobile 9 put in front.
pub fn with_ninth_digit(digits: &str) -> Option<String> {
    let national = digits.strip_prefix("55").filter(|n| n.len() == 10)?;
    let (area, subscriber) = national.split_at_checked(2)?;
    Some(format!("55{area}9{subscriber}"))
}

/// A Brazilian mobile number (digits with country code) as it was before the 9 was put in front.
pub fn without_ninth_digit(digits: &str) -> Option<String> {
    let national = digits.strip_prefix("55").filter(|n| n.len() == 11)?;
    let (area, subscriber) = national.split_at_checked(2)?;
    Some(format!("55{area}{}", subscriber.strip_prefix('9')?))
}

/// Whether two numbers (digits with country code) reach the same phone. WhatsApp still knows many
/// Brazilian mobiles by the eight digits they had before 2012–2016, so the ninth is not compared.
pub fn same(one: &str, other: &str) -> bool {
    fn long(digits: &str) -> String {
        with_ninth_digit(digits).unwrap_or_else(|| digits.to_owned())
    }
    long(one) == long(other)
}

/// As people of the country write it: Brazilian numbers without the country code.
pub fn display(digits: &str) -> String {
    match phonenumber::parse(None, format!("+{digits}")) {
        Ok(number) if number.country().id() == Some(Country::BR) => {
            number.format().mode(Mode::National).to_string()
        }
        Ok(number) => number.format().mode(Mode::International).to_string(),
        Err(_) => digits.to_owned(),
    }
}

/// With plus and country code, for telling which number is connected.
pub fn display_international(digits: &str) -> String {
    match phonenumber::parse(None, format!("+{digits}")) {
        Ok(number) => number.format().mode(Mode::International).to_string(),
        Err(_) => format!("+{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn any_spelling_of_a_number_is_understood() {
        for (typed, digits) in [
            ("(44) 99999-0101", "5544999990101"),
            ("44999990101", "5544999990101"),
            ("044 99999 0101", "5544999990101"),
            ("5544999990101", "5544999990101"),
            ("+55 44 99999-0101", "5544999990101"),
            ("+55 (44) 99999.0101", "5544999990101"),
            ("+1 650 253 0000", "16502530000"),
            ("+34 612 345 678", "34612345678"),
            ("554499990101", "554499990101"),
        ] {
            assert_eq!(parse(typed), Ok(Some(digits.to_owned())), "{typed}");
        }
        assert_eq!(parse("  "), Ok(None));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for typed in [
            "abc",
            "12",
            "99999-0101",
            "+",
            "+999 1234567",
            "1234567890123456789012",
        ] {
            assert!(parse(typed).is_err(), "{typed}: {:?}", parse(typed));
        }
    }

    #[test]
    fn the_ninth_digit_does_not_make_another_number() {
        assert!(same("5544999990101", "554499990101"));
        assert!(!same("5544999990101", "5544999990102"));
        assert!(!same("5544999990101", "5511999990101"));
        assert!(!same("16502530000", "6502530000"));
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(display("5544999990101"), "(44) 99999-0101");
        assert_eq!(display_international("5544999990101"), "+55 44 99999-0101");
        assert_eq!(display("not digits"), "not digits");
    }

    proptest! {
        #[test]
        fn anything_typed_is_taken_or_refused(typed in "\\PC{0,40}") {
            if let Ok(Some(digits)) = parse(&typed) {
                prop_assert!(digits.bytes().all(|b| b.is_ascii_digit()));
                let _ = display(&digits);
            }
        }

        #[test]
        fn what_was_understood_is_understood_again(typed in "\\+?[0-9 ()-]{3,20}") {
            if let Ok(Some(digits)) = parse(&typed) {
                prop_assert_eq!(parse(&format!("+{digits}")), Ok(Some(digits)));
            }
        }
    }
}
