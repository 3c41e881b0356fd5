//! The backend in one process: one SQLite file, one committer thread, timers.
