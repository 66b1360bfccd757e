# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL of the history's tables. {table}, {log} and {snapshot} are their names; values are bound."""

from __future__ import annotations

COLUMNS = """
SELECT column_name, column_type FROM information_schema.columns
 WHERE table_schema = DATABASE() AND table_name = %s ORDER BY ordinal_position
"""

# UTC in ISO 8601. A percent sign is doubled where values are bound.
NOW = "SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ')"

LOG_COLUMNS = ("event", "version", "done_by", "detail", "checksum", "applied")

CREATE_TABLES = """
CREATE TABLE IF NOT EXISTS {table} (version VARCHAR(255) NOT NULL, applied VARCHAR(32))
  ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS {log} (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  logged VARCHAR(32) NOT NULL,
  event VARCHAR(32) NOT NULL,
  version VARCHAR(255),
  name TEXT,
  duration_ms BIGINT,
  done_by TEXT,
  done_from TEXT,
  collection_version TEXT,
  detail MEDIUMTEXT,
  checksum TEXT,
  applied VARCHAR(32)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS {snapshot} (
  taken VARCHAR(32) NOT NULL,
  applied TEXT NOT NULL,
  version INTEGER NOT NULL,
  digest TEXT NOT NULL,
  body LONGBLOB NOT NULL) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
"""

# What the log says of a version counts only where both have the same time. In an order, NULL comes first.
ROWS = """
SELECT t.version, t.applied, l.name, l.checksum, l.event, l.detail
  FROM {table} t LEFT JOIN {log} l
    ON l.version = t.version AND l.applied <=> t.applied AND (l.applied IS NOT NULL OR l.event = 'deferred')
 ORDER BY t.applied, t.version, l.id
"""
ROWS_ALONE = "SELECT version, applied, NULL, NULL, NULL, NULL FROM {table} ORDER BY applied, version"

# In the record of a run: whether this session still has its lock.
HAS_LOCK = "SELECT IS_USED_LOCK(%s) <=> CONNECTION_ID()"
ERASE = "DELETE FROM {table} WHERE version = %s"
RECORD = "INSERT INTO {table} (version, applied) VALUES (%(version)s, %(applied)s)"
LOG = """
INSERT INTO {log} (logged, event, version, name, duration_ms, done_by, done_from, collection_version, detail, checksum,
  applied)
VALUES (%(now)s, %(event)s, %(version)s, %(name)s, %(duration_ms)s, CURRENT_USER(), %(done_from)s, %(collection)s,
  %(detail)s, %(checksum)s, %(applied)s)
"""
LOG_POSITION = "UPDATE {log} SET detail = %s WHERE id = %s"
LOG_NUMBER = "SELECT LAST_INSERT_ID()"

LAST_EVENTS = """
SELECT l.version, l.event, l.detail, l.logged, CONCAT_WS(' from ', l.done_by, l.done_from),
       EXISTS (SELECT 1 FROM {log} f WHERE f.version = l.version AND f.id > l.id AND f.event = 'failed')
  FROM {log} l
 WHERE l.event <> 'failed' AND l.version IS NOT NULL
   AND l.id = (SELECT max(m.id) FROM {log} m WHERE m.version = l.version AND m.event <> 'failed')
"""
TOLD = "SELECT detail, logged FROM {log} WHERE event = %s ORDER BY id"

LAST = """
SELECT version FROM {log} l
 WHERE event = %s AND version IS NOT NULL AND id = (SELECT max(m.id) FROM {log} m WHERE m.version = l.version)
"""
EVENTS = "SELECT DISTINCT event FROM {log}"

LAST_SNAPSHOT = """
SELECT taken,
       TIMESTAMPDIFF(MICROSECOND, '1970-01-01', STR_TO_DATE(taken, '%Y-%m-%dT%H:%i:%s.%fZ')) / 1000000,
       applied, version, digest, body FROM {snapshot}
"""
FORGET_SNAPSHOT = "DELETE FROM {snapshot}"
STORE_SNAPSHOT = "INSERT INTO {snapshot} (taken, applied, version, digest, body) VALUES (%s, %s, %s, %s, %s)"

OBJECTS = """
SELECT CASE table_type WHEN 'BASE TABLE' THEN 'table' ELSE LOWER(table_type) END, table_name
  FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_type, table_name
"""
TABLE = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s"
