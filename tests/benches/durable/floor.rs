//! The floor: the rows that a run left behind, inserted by a bare connection.

use crate::measure::Stopwatch;
use rusqlite::types::Value;
use rusqlite::{Connection, Statement, params_from_iter};
use std::path::Path;
use std::time::Duration;

/// What a run wrote.
pub struct Rows {
    /// The statements that make the tables.
    tables: Vec<String>,
    /// In the order they were written, as far as that shows.
    rows: Vec<Row>,
    groups: u64,
    /// How many of them are records: transitions.
    #[allow(dead_code, reason = "one of the benchmarks that share this asks for it")]
    pub records: usize,
}

struct Row {
    table: usize,
    values: Vec<Value>,
}

/// The tables that grow with executions, and the order of their rows.
const TABLES: [(&str, &str); 5] = [
    ("executions", "id"),
    ("records", "rowid"),
    ("joins", "execution, fork, rank"),
    ("blobs", "rowid"),
    ("documents", "kind, part, key"),
];
const RECORDS: usize = 1;

impl Rows {
    /// Reads the rows of a file that was closed, written in so many groups.
    pub fn read(path: &Path, groups: u64) -> Self {
        let file = Connection::open(path).expect("the data file");
        let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
        let tables = read(&file, sql, |row| row.get(0));
        let mut placed = Vec::new();
        let mut records = 0;
        for (table, (name, order)) in TABLES.into_iter().enumerate() {
            let sql = format!("SELECT * FROM {name} ORDER BY {order}");
            let rows: Vec<Vec<Value>> = read(&file, &sql, |row| {
                (0..row.as_ref().column_count()).map(|column| row.get(column)).collect()
            });
            if table == RECORDS {
                records = rows.len();
            }
            let count = rows.len() as f64;
            let place = |index: usize| index as f64 / count;
            let row = |(index, values)| (place(index), Row { table, values });
            placed.extend(rows.into_iter().enumerate().map(row));
        }
        // Each table's rows are taken to be spread evenly over the run.
        placed.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let rows = placed.into_iter().map(|(_, row)| row).collect();
        Rows { tables, rows, groups: groups.max(1), records }
    }

    /// Inserts them into a fresh file in groups of equal size, each durable before the next begins.
    pub fn insert(&self, folder: &Path) -> Duration {
        let file = Connection::open(folder.join("floor.db")).expect("a file");
        file.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).expect("WAL");
        file.pragma_update(None, "synchronous", "FULL").expect("FULL");
        // As the backend has it.
        file.pragma_update(None, "wal_autocheckpoint", 4096).expect("checkpoints");
        for table in &self.tables {
            file.execute_batch(table).expect("a table");
        }
        let mut statements = TABLES.map(|(name, _)| insert_into(&file, name));
        let groups = usize::try_from(self.groups).expect("a number of groups");
        let per_group = self.rows.len().div_ceil(groups).max(1);
        let watch = Stopwatch::start();
        for group in self.rows.chunks(per_group) {
            file.prepare_cached("BEGIN IMMEDIATE")
                .and_then(|mut it| it.execute([]))
                .expect("BEGIN");
            for row in group {
                statements[row.table].execute(params_from_iter(&row.values)).expect("a row");
            }
            file.prepare_cached("COMMIT").and_then(|mut it| it.execute([])).expect("COMMIT");
        }
        let elapsed = watch.elapsed();
        drop(statements);
        file.close().expect("the file is written");
        std::fs::remove_file(folder.join("floor.db")).expect("the file is there");
        elapsed
    }
}

fn read<T>(
    file: &Connection,
    sql: &str,
    row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = file.prepare(sql).expect("the tables");
    let rows = statement.query_map([], row).expect("the rows");
    rows.collect::<rusqlite::Result<_>>().expect("the rows")
}

fn insert_into<'c>(file: &'c Connection, table: &str) -> Statement<'c> {
    let columns = file.prepare(&format!("SELECT * FROM {table}")).expect("a table").column_count();
    let values = vec!["?"; columns].join(", ");
    file.prepare(&format!("INSERT INTO {table} VALUES ({values})")).expect("an insert")
}
