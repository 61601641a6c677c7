//! The tokenizer of `sqlparser` as an oracle: what it takes for code stays, what it takes for a literal does not.

use sqlparser::dialect::{Dialect as Grammar, MsSqlDialect, MySqlDialect, OracleDialect, PostgreSqlDialect};
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

use super::generator::Generator;
use super::*;

fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::PostgreSql => &PostgreSqlDialect {},
        Dialect::MySql => &MySqlDialect {},
        Dialect::Oracle => &OracleDialect {},
        Dialect::SqlServer => &MsSqlDialect {},
    }
}

/// The code of a statement without white space and literals; none when the oracle cannot read it.
fn code(sql: &str, dialect: Dialect) -> Option<String> {
    let tokens = Tokenizer::new(grammar(dialect), sql).with_unescape(false).tokenize().ok()?;
    let text = |token: &Token| match token {
        Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::DollarQuotedString(_)
        | Token::QuoteDelimitedStringLiteral(_)
        | Token::NationalQuoteDelimitedStringLiteral(_)
        | Token::Whitespace(_) => String::new(),
        Token::DoubleQuotedString(_) if dialect == Dialect::MySql => String::new(),
        Token::Word(word) if word.quote_style == Some('"') && dialect == Dialect::SqlServer => String::new(),
        Token::Word(word) if dialect == Dialect::MySql && word.value.starts_with("_utf8") => String::new(),
        token => token.to_string(),
    };
    Some(without_blanks(&tokens.iter().map(text).collect::<String>()))
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace() && *character != '?').collect()
}

#[test]
fn the_oracle_sees_the_same_code() {
    for dialect in DIALECTS {
        let mut generator = Generator::new(0x0_4ac1e, dialect);
        let mut compared = 0;
        for _ in 0..2500 {
            let statement = generator.statement();
            // It runs what stands in these comments, knows neither passwords nor currencies, and ends a number before
            // its suffix.
            let suffixed = statement.sql.as_bytes().windows(2).any(|pair| pair[0].is_ascii_digit() && pair[1] == b'd');
            let money = dialect == Dialect::SqlServer && statement.sql.contains("$8");
            if statement.sql.contains("/*!") || statement.sql.contains("IDENTIFIED") || suffixed || money {
                continue;
            }
            let (Some(masked), Some(code)) = (masked(&statement.sql, dialect), code(&statement.sql, dialect)) else {
                continue;
            };
            assert_eq!(without_blanks(&masked), code, "{dialect:?}: {}", statement.sql);
            compared += 1;
        }
        assert!(compared > 1500, "{dialect:?}: {compared}");
    }
}

#[test]
fn where_the_oracle_loses_step() {
    let strings = |sql: &str, dialect| {
        let tokens = Tokenizer::new(grammar(dialect), sql).with_unescape(false).tokenize().unwrap_or_default();
        tokens.iter().filter(|token| !matches!(token, Token::Whitespace(Whitespace::Space))).count()
    };
    // The backslash is no escape there, so a word stands between two strings.
    assert_ne!(strings(r"X'a\' b ' c'", Dialect::PostgreSql), 3);
    assert_eq!(masked(r"X'a\' b ' c'", Dialect::PostgreSql).as_deref(), Some("? b ?"));
}
