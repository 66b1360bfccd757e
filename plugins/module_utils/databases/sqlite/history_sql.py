# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL of the history's tables. {table}, {log} and {snapshot} are their names; values are bound."""

from __future__ import annotations

INSPECT = "SELECT type, sql FROM sqlite_master WHERE name = ?"
COLUMNS = "SELECT name FROM pragma_table_info(?)"
BROKEN_KEYS = "PRAGMA foreign_key_check"

# UTC in ISO 8601; SQLite's clock has milliseconds.
NOW = "SELECT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')"

LOG_COLUMNS = ("event", "version", "done_by", "detail", "checksum", "applied")

CREATE_TABLES = """
CREATE TABLE IF NOT EXISTS {table} (version TEXT NOT NULL, applied TEXT);
CREATE TABLE IF NOT EXISTS {log} (
  id INTEGER PRIMARY KEY,
  logged TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  event TEXT NOT NULL,
  version TEXT,
  name TEXT,
  duration_ms INTEGER,
  done_by TEXT,
  done_from TEXT,
  collection_version TEXT,
  detail TEXT,
  checksum TEXT,
  applied TEXT);
CREATE TABLE IF NOT EXISTS {snapshot} (
  taken TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  applied TEXT NOT NULL,
  version INTEGER NOT NULL,
  digest TEXT NOT NULL,
  body BLOB NOT NULL);
"""

# What the log says of a version counts only where both have the same time. In an order, NULL comes first.
ROWS = """
SELECT t.version, t.applied, l.name, l.checksum, l.event, l.detail
  FROM {table} t LEFT JOIN {log} l
    ON l.version = t.version AND l.applied IS t.applied AND (l.applied IS NOT NULL OR l.event = 'deferred')
 ORDER BY t.applied, t.version, l.id
"""
ROWS_ALONE = "SELECT version, applied, NULL, NULL, NULL, NULL FROM {table} ORDER BY applied, version"

ERASE = "DELETE FROM {table} WHERE version = ?"
RECORD = "INSERT INTO {table} (version, applied) VALUES (:version, :applied)"
LOG = """
INSERT INTO {log} (event, version, name, duration_ms, done_by, done_from, collection_version, detail, checksum, applied)
VALUES (:event, :version, :name, :duration_ms, :done_by, :done_from, :collection, :detail, :checksum, :applied)
"""
LOG_POSITION = "UPDATE {log} SET detail = ? WHERE id = ?"
LOG_NUMBER = "SELECT last_insert_rowid()"

LAST_EVENTS = """
SELECT l.version, l.event, l.detail, l.logged, l.done_from,
       EXISTS (SELECT 1 FROM {log} f WHERE f.version = l.version AND f.id > l.id AND f.event = 'failed')
  FROM {log} l
 WHERE l.event <> 'failed' AND l.version IS NOT NULL
   AND l.id = (SELECT max(m.id) FROM {log} m WHERE m.version = l.version AND m.event <> 'failed')
"""
TOLD = "SELECT detail, logged FROM {log} WHERE event = ? ORDER BY id"

LAST = """
SELECT version FROM {log} l
 WHERE event = ? AND version IS NOT NULL AND id = (SELECT max(m.id) FROM {log} m WHERE m.version = l.version)
"""
EVENTS = "SELECT DISTINCT event FROM {log}"

LAST_SNAPSHOT = """
SELECT taken, (julianday(taken) - 2440587.5) * 86400.0, applied, version, digest, body FROM {snapshot}
"""
FORGET_SNAPSHOT = "DELETE FROM {snapshot}"
STORE_SNAPSHOT = "INSERT INTO {snapshot} (applied, version, digest, body) VALUES (?, ?, ?, ?)"

OBJECTS = """
SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
 ORDER BY type <> 'table', name
"""
TABLE = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?"
