//! Statements that the synthetic clients run, in each engine's dialect: point reads, reports, bulk loads, definitions.
//! Statements about users and their passwords are in `accounts.rs`.

use super::accounts;
use super::dice::Dice;
use super::schema::{TABLES, Table, qualified, quoted};
use super::session::Role;
use super::settings::Engine;
use super::statement::{Statement, Verb};

/// A statement that a user with this role would run.
pub(super) fn statement(engine: Engine, role: Role, dice: &mut Dice) -> Statement {
    let write = match role {
        Role::Service => dice.weighted(&[
            (40, lookup as Writer),
            (15, insert),
            (15, update),
            (5, delete),
            (12, call),
            (13, boundary),
        ]),
        Role::Batch => dice.weighted(&[(30, insert as Writer), (6, bulk), (30, report), (20, delete), (14, boundary)]),
        Role::Analyst => dice.weighted(&[(40, report as Writer), (30, browse), (20, lookup), (10, catalogue)]),
        Role::Administrator => dice.weighted(&[
            (22, define as Writer),
            (22, accounts::statement),
            (14, change),
            (22, catalogue),
            (20, browse),
        ]),
        Role::System => dice.weighted(&[(70, catalogue as Writer), (30, boundary)]),
    };
    write(engine, dice)
}

type Writer = fn(Engine, &mut Dice) -> Statement;

/// A read by key with bound parameters, as an application makes it.
fn lookup(engine: Engine, dice: &mut Dice) -> Statement {
    let Table { name, columns } = dice.pick(&TABLES);
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let text = format!(
        "SELECT {} FROM {} WHERE {} = {} AND {} = {}",
        names.join(", "),
        qualified(engine, name),
        columns[0].0,
        parameter(engine, 1),
        columns[1].0,
        parameter(engine, 2),
    );
    let binds = vec![columns[0].1.value(dice), columns[1].1.value(dice)];
    Statement::new(Verb::Select, text).on(name).bound(binds).rows(dice.between(0, 1))
}

/// A read typed by a person, literals and comments included.
fn browse(engine: Engine, dice: &mut Dice) -> Statement {
    let Table { name, columns } = dice.pick(&TABLES);
    let (column, content) = dice.pick(columns);
    let table = qualified(engine, name);
    let value = content.literal(engine, dice);
    let rows = dice.between(1, 500);
    let text = match dice.between(1, 6) {
        1 => format!("select * from {table}"),
        2 => format!("SELECT *\n\tFROM {table}\n WHERE {column} <> {value} -- don't forget \"returned\" ones\n;"),
        3 => format!("SELECT {column} FROM {table} WHERE {column} = '' OR '1'='1' -- ' "),
        4 => format!("/* ticket=4711&retry=1 */ SELECT count(*) FROM {table} WHERE {column} = {value};"),
        _ => first_rows(engine, column, &table, rows),
    };
    Statement::new(Verb::Select, text).on(name).rows(rows)
}

fn first_rows(engine: Engine, column: &str, table: &str, rows: u32) -> String {
    match engine {
        Engine::Postgres | Engine::Mysql => format!("SELECT {column} FROM {table} ORDER BY 1 LIMIT {rows}"),
        Engine::Oracle => format!("SELECT {column} FROM {table} ORDER BY 1 FETCH FIRST {rows} ROWS ONLY"),
        Engine::Sqlserver => format!("SELECT TOP ({rows}) {column} FROM {table} ORDER BY 1"),
    }
}

/// A report over two tables.
fn report(engine: Engine, dice: &mut Dice) -> Statement {
    let state = *dice.pick(&["shipped", "on hold", "zurück"]);
    let name = *dice.pick(&["O'%", "%é%", "山%", "%"]);
    let text = format!(
        "WITH recent AS (\r\n  SELECT customer_id, SUM(total) AS spent, COUNT(*) AS n\r\n  FROM {orders}\r\n  \
         WHERE state IN ('paid', {state}) AND total >= {least}\r\n  GROUP BY customer_id)\r\n\
         SELECT c.name, c.email, r.spent FROM recent r JOIN {customer} c ON c.id = r.customer_id \
         WHERE c.name LIKE {name} ORDER BY r.spent DESC",
        orders = qualified(engine, "orders"),
        customer = qualified(engine, "customer"),
        state = quoted(engine, state),
        least = dice.between(1, 900),
        name = quoted(engine, name),
    );
    Statement::new(Verb::Select, text).on("orders").on("customer").rows(dice.between(0, 90_000))
}

fn insert(engine: Engine, dice: &mut Dice) -> Statement {
    let Table { name, columns } = dice.pick(&TABLES);
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let table = qualified(engine, name);
    let head = format!("INSERT INTO {table} ({}) VALUES ", names.join(", "));
    let bound = dice.one_in(2);
    let values: Vec<_> = (1..)
        .zip(*columns)
        .map(|(place, (_, content))| if bound { parameter(engine, place) } else { content.literal(engine, dice) })
        .collect();
    let binds = if bound { columns.iter().map(|(_, content)| content.value(dice)).collect() } else { Vec::new() };
    Statement::new(Verb::Insert, format!("{head}({})", values.join(", "))).on(name).bound(binds).rows(1)
}

/// A statement of many kilobytes.
fn bulk(engine: Engine, dice: &mut Dice) -> Statement {
    let Table { name, columns } = dice.pick(&TABLES);
    let rows = dice.between(40, 600);
    let rows_text: Vec<_> = (0..rows)
        .map(|_| columns.iter().map(|(_, content)| content.literal(engine, dice)).collect::<Vec<_>>().join(","))
        .collect();
    let text = format!("INSERT INTO {} VALUES\n({})", qualified(engine, name), rows_text.join("),\n("));
    Statement::new(Verb::Insert, text).on(name).rows(rows)
}

fn update(engine: Engine, dice: &mut Dice) -> Statement {
    let Table { name, columns } = dice.pick(&TABLES);
    let (column, content) = dice.pick(&columns[1..]);
    let (table, key) = (qualified(engine, name), columns[0].0);
    if dice.one_in(3) {
        let text =
            format!("UPDATE {table} SET {column} = {} WHERE {key} = {}", parameter(engine, 1), parameter(engine, 2));
        let binds = vec![content.value(dice), columns[0].1.value(dice)];
        return Statement::new(Verb::Update, text).on(name).bound(binds).rows(1);
    }
    let (value, id) = (content.literal(engine, dice), columns[0].1.literal(engine, dice));
    let text = format!("UPDATE {table} SET {column} = {value} WHERE {key} = {id}");
    Statement::new(Verb::Update, text).on(name).rows(dice.between(0, 3))
}

fn delete(engine: Engine, dice: &mut Dice) -> Statement {
    let Table { name, columns } = dice.pick(&TABLES);
    let (column, content) = dice.pick(columns);
    let text = format!("DELETE FROM {} WHERE {column} < {}", qualified(engine, name), content.literal(engine, dice));
    Statement::new(Verb::Delete, text).on(name).rows(dice.between(0, 5_000))
}

/// A stored function or procedure.
fn call(engine: Engine, dice: &mut Dice) -> Statement {
    let name = *dice.pick(&["close_day", "post_invoice", "refresh_totals"]);
    let (first, second) = (parameter(engine, 1), parameter(engine, 2));
    let text = match engine {
        Engine::Postgres => format!("SELECT * FROM public.{name}({first}, {second})"),
        Engine::Mysql => format!("CALL {name}({first}, {second})"),
        Engine::Oracle => format!("BEGIN SHOP.{}({first}, {second}); END;", name.to_uppercase()),
        Engine::Sqlserver => format!("EXEC [dbo].[{name}] @day = {first}, @note = {second}"),
    };
    let binds = vec![dice.between(1, 366).to_string(), (*dice.pick(&["it's", "ok", "☃", ""])).to_owned()];
    Statement::new(Verb::Call, text).on(name).bound(binds).rows(1)
}

/// Transactions and session settings.
fn boundary(engine: Engine, dice: &mut Dice) -> Statement {
    let (verb, text) = match (dice.between(1, 3), engine) {
        (1, Engine::Postgres | Engine::Mysql) => (Verb::Begin, "BEGIN"),
        (1, Engine::Oracle) => (Verb::Begin, "SET TRANSACTION READ WRITE"),
        (1, Engine::Sqlserver) => (Verb::Begin, "BEGIN TRANSACTION"),
        (2, _) => (Verb::Commit, "COMMIT"),
        (_, Engine::Postgres) => (Verb::Set, "SET application_name = 'shop''s worker'"),
        (_, Engine::Mysql) => (Verb::Set, "SET NAMES utf8mb4"),
        (_, Engine::Oracle) => (Verb::Set, "ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD'"),
        (_, Engine::Sqlserver) => (Verb::Set, "SET LOCK_TIMEOUT 5000"),
    };
    Statement::new(verb, text.to_owned())
}

/// A look into the engine's own catalogue.
fn catalogue(engine: Engine, dice: &mut Dice) -> Statement {
    let text = match engine {
        Engine::Postgres => "SELECT pid, state, query FROM pg_catalog.pg_stat_activity WHERE state <> 'idle'",
        Engine::Mysql => "SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = database()",
        Engine::Oracle => "SELECT SID, SERIAL#, STATUS FROM V$SESSION WHERE USERNAME = USER AND STATUS <> 'KILLED'",
        Engine::Sqlserver => "SELECT session_id, [status] FROM sys.dm_exec_sessions WHERE is_user_process = 1",
    };
    Statement::new(Verb::Select, text.to_owned()).rows(dice.between(1, 80))
}

/// Tables and indexes come into being.
fn define(engine: Engine, dice: &mut Dice) -> Statement {
    let Table { name, columns } = dice.pick(&TABLES);
    let table = qualified(engine, name);
    if dice.one_in(2) {
        let text = format!("CREATE INDEX {name}_by_{column} ON {table} ({column})", column = dice.pick(columns).0);
        return Statement::new(Verb::CreateIndex, text).on(name);
    }
    let columns: Vec<_> =
        columns.iter().map(|(name, content)| format!("  {name} {}", content.type_name(engine))).collect();
    Statement::new(Verb::CreateTable, format!("CREATE TABLE {table} (\n{}\n)", columns.join(",\n"))).on(name)
}

/// Tables change, move and go.
fn change(engine: Engine, dice: &mut Dice) -> Statement {
    let Table { name, .. } = dice.pick(&TABLES);
    let table = qualified(engine, name);
    let (verb, text) = match dice.between(1, 4) {
        1 => (Verb::AlterTable, format!("ALTER TABLE {table} ADD checked_on date")),
        2 => (Verb::DropTable, format!("DROP TABLE {table}")),
        3 => (Verb::TruncateTable, format!("TRUNCATE TABLE {table}")),
        _ => match engine {
            Engine::Mysql => (Verb::RenameTable, format!("RENAME TABLE {table} TO `{name}{OLD_SUFFIX}`")),
            Engine::Sqlserver => (Verb::RenameTable, format!("EXEC sp_rename N'dbo.{name}', N'{name}{OLD_SUFFIX}'")),
            _ => (Verb::AlterTable, format!("ALTER TABLE {table} RENAME TO {name}{OLD_SUFFIX}")),
        },
    };
    Statement::new(verb, text).on(name)
}

/// What a renamed table's name ends with.
pub(super) const OLD_SUFFIX: &str = "_old";

/// The engine's sign for the parameter at this place, from 1.
fn parameter(engine: Engine, place: usize) -> String {
    match engine {
        Engine::Postgres => format!("${place}"),
        Engine::Mysql => "?".to_owned(),
        Engine::Oracle => format!(":{place}"),
        Engine::Sqlserver => format!("@P{place}"),
    }
}
