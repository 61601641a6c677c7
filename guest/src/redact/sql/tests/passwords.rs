//! Passwords, wherever SQL lets one stand. Each statement holds `tiger` in its place.

use super::Dialect::{MySql, Oracle, PostgreSql, SqlServer};
use super::*;

#[test]
fn no_password_stays() {
    let cases: &[(Dialect, &[&str])] = &[
        (
            PostgreSql,
            &[
                "CREATE ROLE r LOGIN PASSWORD 'tiger' VALID UNTIL 'infinity'",
                "CREATE USER u WITH ENCRYPTED PASSWORD E'tiger'",
                "ALTER USER u PASSWORD $$tiger lily$$",
                "ALTER ROLE u PASSWORD U&'tiger'",
                "ALTER ROLE u PASSWORD \"tiger\"",
                "ALTER ROLE u PASSWORD tiger",
                "CREATE GROUP g PASSWORD /* x */ tiger",
                "CREATE SUBSCRIPTION s CONNECTION 'host=h user=u password=tiger' PUBLICATION p",
                "CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'u', password 'tiger')",
                "ALTER USER MAPPING FOR u SERVER s OPTIONS (SET password 'tiger')",
                "SELECT * FROM dblink('host=h password=tiger', 'SELECT 1') AS t(a int)",
                "SELECT dblink_connect('c', $x$dbname=d password=tiger$x$)",
            ],
        ),
        (
            MySql,
            &[
                "CREATE USER 'u'@'%' IDENTIFIED BY 'tiger'",
                "CREATE USER u IDENTIFIED BY \"tiger\"",
                "CREATE USER u IDENTIFIED WITH mysql_native_password BY 'tiger'",
                "CREATE USER u IDENTIFIED WITH 'caching_sha2_password' AS '$A$005$tiger'",
                "CREATE USER u IDENTIFIED BY PASSWORD '*tiger'",
                "CREATE USER u IDENTIFIED BY tiger",
                "ALTER USER USER() IDENTIFIED BY 'tiger' REPLACE 'old'",
                "ALTER USER u IDENTIFIED BY 'new' REPLACE 'tiger' RETAIN CURRENT PASSWORD",
                "SET PASSWORD FOR u = 'tiger'",
                "SET PASSWORD = PASSWORD('tiger')",
                "GRANT ALL ON *.* TO u IDENTIFIED BY 'tiger'",
                "CHANGE MASTER TO MASTER_PASSWORD='tiger'",
                "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'u', PASSWORD 'tiger')",
                r"CREATE USER u IDENTIFIED BY \'tiger\'",
            ],
        ),
        (
            Oracle,
            &[
                "CREATE USER u IDENTIFIED BY tiger",
                "create user u identified by tiger",
                "CREATE USER u IDENTIFIED BY \"tiger\"",
                "CREATE USER u IDENTIFIED BY \"a tiger\"\"s\" DEFAULT TABLESPACE users",
                "CREATE USER u IDENTIFIED/* x */BY -- y\n tiger",
                "CREATE USER u IDENTIFIED BY tiger#1$x ACCOUNT LOCK",
                "CREATE USER u IDENTIFIED BY 1-tiger-2!",
                "CREATE USER u IDENTIFIED BY p@tiger",
                "CREATE USER u IDENTIFIED BY étiger",
                "CREATE USER u IDENTIFIED BY VALUES 'S:tiger'",
                "ALTER USER u IDENTIFIED BY new REPLACE tiger",
                "ALTER USER u IDENTIFIED BY \"new\" REPLACE \"tiger\"",
                "GRANT CONNECT TO a, b IDENTIFIED BY new, tiger",
                "GRANT CONNECT TO a, b IDENTIFIED BY \"new\" , \"tiger\"",
                "CREATE ROLE r IDENTIFIED BY tiger",
                "SET ROLE r IDENTIFIED BY tiger",
                "CREATE DATABASE LINK l CONNECT TO u IDENTIFIED BY tiger USING 'tns'",
                "CREATE SHARED DATABASE LINK l CONNECT TO u IDENTIFIED BY x AUTHENTICATED BY a IDENTIFIED BY tiger",
                "ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY tiger",
                "ADMINISTER KEY MANAGEMENT ALTER KEYSTORE PASSWORD IDENTIFIED BY old SET tiger WITH BACKUP",
                "ADMINISTER KEY MANAGEMENT EXPORT KEYS WITH SECRET tiger TO 'f' IDENTIFIED BY x",
                "ADMINISTER KEY MANAGEMENT EXPORT KEYS WITH SECRET \"tiger\" TO 'f' IDENTIFIED BY x",
                "CREATE TABLE t (c NUMBER ENCRYPT USING 'AES256' IDENTIFIED BY tiger)",
                "BEGIN EXECUTE IMMEDIATE q'[ALTER USER u IDENTIFIED BY tiger]'; END;",
            ],
        ),
        (
            SqlServer,
            &[
                "CREATE LOGIN l WITH PASSWORD = 'tiger'",
                "CREATE LOGIN l WITH PASSWORD = N'tiger' MUST_CHANGE, CHECK_POLICY = ON",
                "ALTER LOGIN l WITH PASSWORD = 'new' OLD_PASSWORD = 'tiger'",
                "ALTER LOGIN l WITH PASSWORD = \"tiger\"",
                "ALTER LOGIN l WITH PASSWORD = tiger",
                "ALTER LOGIN l WITH PASSWORD = [tiger]",
                "CREATE USER u WITH PASSWORD='tiger'",
                "CREATE APPLICATION ROLE a WITH PASSWORD = 'tiger'",
                "CREATE CREDENTIAL c WITH IDENTITY = 'u', SECRET = 'tiger'",
                "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'tiger'",
                "SELECT * FROM OPENROWSET('SQLNCLI', 'Server=s;Uid=u;Pwd=tiger', 'SELECT 1')",
                "SELECT * FROM OPENDATASOURCE('SQLNCLI', 'Data Source=s;Password=tiger').d.s.t",
                "EXEC sp_addlogin 'u', 'tiger'",
                "EXEC sp_addlogin u, tiger",
                "EXEC master..sp_password NULL, [tiger], u",
                "EXEC sp_password @old = x, @new = tiger",
                "exec SP_SETAPPROLE 'a', \"tiger\"",
                "EXEC sp_addlinkedsrvlogin @rmtsrvname = N's', @rmtpassword = 'tiger'",
            ],
        ),
    ];
    for (dialect, statements) in cases {
        for sql in *statements {
            let masked = masked(sql, *dialect).unwrap_or_else(|| panic!("{dialect:?}: {sql}"));
            assert!(!masked.to_lowercase().contains("tiger"), "{dialect:?}: {sql}\n{masked}");
            assert!(masked.contains('?'), "{masked}");
        }
    }
}

#[test]
fn what_is_no_password_stays() {
    for (dialect, sql) in [
        (PostgreSql, "CREATE TABLE t (password text, secret text)"),
        (PostgreSql, "SELECT password FROM users"),
        (MySql, "ALTER USER u PASSWORD EXPIRE"),
        (Oracle, "ALTER USER u PASSWORD EXPIRE"),
        (Oracle, "CREATE USER u IDENTIFIED EXTERNALLY"),
        (Oracle, "SELECT REPLACE(a, b, c), d FROM identified"),
        (SqlServer, "SELECT password, secret FROM t; UPDATE t SET a = b"),
        (SqlServer, "ALTER LOGIN l ENABLE"),
    ] {
        assert_eq!(masked(sql, dialect).as_deref(), Some(sql), "{dialect:?}");
    }
    let sql = "ALTER USER u IDENTIFIED BY tiger; SELECT a, b FROM t";
    assert_eq!(masked(sql, Oracle).as_deref(), Some("ALTER USER u IDENTIFIED BY ?; SELECT a, b FROM t"));
}
