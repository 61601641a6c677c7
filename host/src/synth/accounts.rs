//! Statements about users, rights and passwords: what nobody wants to find in a log in clear text.

use super::dice::Dice;
use super::schema::{TABLES, qualified};
use super::settings::Engine;
use super::statement::{Statement, Verb};

/// A statement that makes or changes an account, gives a right or takes it back.
pub(super) fn statement(engine: Engine, dice: &mut Dice) -> Statement {
    let name = *dice.pick(&["reporting", "app_rw", "contractor7", "løsning"]);
    match dice.between(1, 5) {
        1 => Statement::new(Verb::CreateUser, create(engine, name, dice)),
        2 => Statement::new(Verb::AlterUser, alter(engine, name, dice)),
        3 => Statement::new(Verb::AlterUser, elsewhere(engine, dice)),
        4 => grant(engine, name, dice),
        _ => revoke(engine, name, dice),
    }
}

fn create(engine: Engine, name: &str, dice: &mut Dice) -> String {
    let password = password(dice);
    match engine {
        Engine::Postgres => format!("CREATE ROLE {name} LOGIN PASSWORD '{password}' VALID UNTIL 'infinity';"),
        Engine::Mysql => format!("CREATE USER '{name}'@'%' IDENTIFIED BY '{password}'"),
        Engine::Oracle => format!("CREATE USER {name} IDENTIFIED BY \"{password}\" QUOTA 10M ON users"),
        Engine::Sqlserver => format!("CREATE LOGIN [{name}] WITH PASSWORD = N'{password}', CHECK_POLICY = ON"),
    }
}

fn alter(engine: Engine, name: &str, dice: &mut Dice) -> String {
    let (new, old) = (password(dice), password(dice));
    match engine {
        Engine::Postgres => format!("alter user {name}\n  with encrypted password $${new}$$"),
        Engine::Mysql => format!("SET PASSWORD FOR '{name}'@'10.0.%' = '{new}'"),
        Engine::Oracle => format!("ALTER USER {name} IDENTIFIED BY \"{new}\" REPLACE \"{old}\""),
        Engine::Sqlserver => format!("ALTER LOGIN [{name}] WITH PASSWORD=N'{new}' OLD_PASSWORD=N'{old}'"),
    }
}

/// Passwords outside of CREATE and ALTER USER: links to other servers, keys, hidden ones.
fn elsewhere(engine: Engine, dice: &mut Dice) -> String {
    let password = password(dice);
    match engine {
        Engine::Postgres => {
            format!(
                "ALTER USER MAPPING FOR shop_app SERVER lake OPTIONS (SET user 'loader', SET password '{password}')"
            )
        }
        Engine::Mysql => {
            format!(
                "ALTER USER 'replica'@'%' IDENTIFIED WITH caching_sha2_password BY '{password}' PASSWORD EXPIRE NEVER"
            )
        }
        Engine::Oracle => {
            format!(
                "CREATE DATABASE LINK lake CONNECT TO loader IDENTIFIED BY \"{password}\" USING '//10.0.3.9:1521/LAKE'"
            )
        }
        Engine::Sqlserver if dice.one_in(2) => "ALTER LOGIN [contractor7] WITH PASSWORD = '******'".to_owned(),
        Engine::Sqlserver => format!("OPEN SYMMETRIC KEY cards DECRYPTION BY PASSWORD = N'{password}'"),
    }
}

fn grant(engine: Engine, name: &str, dice: &mut Dice) -> Statement {
    let table = dice.pick(&TABLES).name;
    let text = match engine {
        Engine::Mysql => format!("GRANT SELECT, INSERT ON {} TO '{name}'@'%'", qualified(engine, table)),
        _ => format!("GRANT SELECT, INSERT ON {} TO {name}", qualified(engine, table)),
    };
    Statement::new(Verb::Grant, text).on(table)
}

fn revoke(engine: Engine, name: &str, dice: &mut Dice) -> Statement {
    let table = dice.pick(&TABLES).name;
    let text = match engine {
        Engine::Mysql => format!("REVOKE ALL PRIVILEGES ON {} FROM '{name}'@'%'", qualified(engine, table)),
        _ => format!("REVOKE ALL ON {} FROM {name}", qualified(engine, table)),
    };
    Statement::new(Verb::Revoke, text).on(table)
}

/// A password that a redaction rule has to find: signs that SQL and JSON escape are in it.
fn password(dice: &mut Dice) -> String {
    let letters = dice.text(8, b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789");
    format!("{letters}{}{}", dice.pick(&["!", "#=", "%&", "\\", "é", "''", "-_ "]), dice.between(10, 99))
}
