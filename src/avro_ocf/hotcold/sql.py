"""Every SQL statement that the store issues. A test runs each through EXPLAIN QUERY PLAN.

Parameters are texts, as `Statement` says. A statement on `guards` makes its batch conditional: the row it inserts violates a
constraint unless what it checks is true, and so undoes the batch; `CLEAR_GUARDS` ends every such batch.
"""

from typing import Final

# Conditions. A plus before a column keeps the planner from the column's index, where another is the one to use.

GUARD_FILES: Final = """INSERT INTO guards (ok) SELECT COUNT(*) = CAST(?2 AS INTEGER) FROM archived_files
  WHERE file_path IN (SELECT value FROM json_each(?1)) AND +state = ?3"""
GUARD_ROWS: Final = """INSERT INTO guards (ok) SELECT COUNT(*) = json_array_length(?1) FROM buffer_logs
  WHERE id IN (SELECT value FROM json_each(?1))"""
GUARD_NO_SCHEMA: Final = "INSERT INTO guards (ok) SELECT NOT EXISTS (SELECT 1 FROM table_schemas WHERE table_name = ?1)"
GUARD_NO_JSON: Final = """INSERT INTO guards (ok) SELECT NOT EXISTS (
  SELECT 1 FROM ledger WHERE table_name = ?1 AND table_version = 0 AND accepted_records > 0)"""
GUARD_SAME_SCHEMA: Final = """INSERT INTO guards (ok) SELECT NOT EXISTS (
  SELECT 1 FROM table_schemas WHERE table_name = ?1 AND table_version = CAST(?2 AS INTEGER)
    AND (schema <> ?3 OR COALESCE(timestamp_field, '') <> ?4))"""
GUARD_TOTALS: Final = """INSERT INTO guards (ok) SELECT ?4 = COALESCE((
  SELECT json_array(accepted_records, hot_records, hot_bytes, cold_records, cold_bytes, raw_bytes, expired_records,
    quarantined_records)
  FROM ledger WHERE table_name = ?1 AND table_version = CAST(?2 AS INTEGER) AND period_tag = ?3), '[0,0,0,0,0,0,0,0]')"""
GUARD_NO_FILE: Final = "INSERT INTO guards (ok) SELECT NOT EXISTS (SELECT 1 FROM archived_files WHERE file_path = ?1)"
GUARD_SETTING: Final = """INSERT INTO guards (ok) SELECT EXISTS (SELECT 1 FROM store_settings WHERE name = ?1 AND value = ?2)"""
CLEAR_GUARDS: Final = "DELETE FROM guards"

# Tables and the ledger

READ_SCHEMAS: Final = (
    """SELECT table_version, schema, timestamp_field FROM table_schemas WHERE table_name = ?1 ORDER BY table_version"""
)
READ_ALL_SCHEMAS: Final = """SELECT table_name, table_version, schema, timestamp_field FROM table_schemas
  WHERE (table_name, table_version) > (?1, CAST(?2 AS INTEGER)) ORDER BY table_name, table_version LIMIT CAST(?3 AS INTEGER)"""
INSERT_SCHEMA: Final = """INSERT INTO table_schemas (table_name, table_version, schema, timestamp_field)
  VALUES (?1, CAST(?2 AS INTEGER), ?3, NULLIF(?4, ''))"""
IS_KNOWN_TABLE: Final = "SELECT 1 AS known FROM ledger WHERE table_name = ?1 LIMIT 1"
READ_LEDGER: Final = "SELECT * FROM ledger ORDER BY table_name, table_version, period_tag"
ADD_TO_LEDGER: Final = """INSERT INTO ledger (table_name, table_version, period_tag, accepted_records, hot_records, hot_bytes,
    cold_records, cold_bytes, raw_bytes, expired_records, quarantined_records)
  VALUES (?1, CAST(?2 AS INTEGER), ?3, CAST(?4 AS INTEGER), CAST(?5 AS INTEGER), CAST(?6 AS INTEGER), CAST(?7 AS INTEGER),
    CAST(?8 AS INTEGER), CAST(?9 AS INTEGER), CAST(?10 AS INTEGER), CAST(?11 AS INTEGER))
  ON CONFLICT (table_name, table_version, period_tag) DO UPDATE SET
    accepted_records = accepted_records + excluded.accepted_records,
    hot_records = hot_records + excluded.hot_records,
    hot_bytes = hot_bytes + excluded.hot_bytes,
    cold_records = cold_records + excluded.cold_records,
    cold_bytes = cold_bytes + excluded.cold_bytes,
    raw_bytes = raw_bytes + excluded.raw_bytes,
    expired_records = expired_records + excluded.expired_records,
    quarantined_records = quarantined_records + excluded.quarantined_records"""
CLEAR_LEDGER: Final = "DELETE FROM ledger"

# Ingest

# A guard too, since a hash cannot be NULL: it undoes the batch where there is a setting ?8, and writes no row for that.
INSERT_UPLOAD: Final = """INSERT INTO uploads (dataset_id, table_name, upload_id, content_hash, table_version, record_count,
    accepted_at)
  SELECT ?1, ?2, ?3, CASE WHEN NOT EXISTS (SELECT 1 FROM store_settings WHERE name = ?8) THEN ?4 END,
    CAST(?5 AS INTEGER), CAST(?6 AS INTEGER), CAST(?7 AS INTEGER)"""
READ_UPLOAD: Final = """SELECT content_hash, table_version, record_count FROM uploads
  WHERE dataset_id = ?1 AND table_name = ?2 AND upload_id = ?3"""
INSERT_ROWS: Final = """INSERT INTO buffer_logs
    (dataset_id, table_name, table_version, period_tag, uploaded_by, created_at, timestamp, parts_left, data)
  SELECT ?1, ?2, CAST(?3 AS INTEGER), ?4, NULLIF(?5, ''), CAST(?6 AS INTEGER),
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), unhex(json_extract(value, '$[2]'))
  FROM json_each(?7) ORDER BY key"""

# Archive

LAST_SEQUENCE: Final = "SELECT seq FROM sqlite_sequence WHERE name = 'buffer_logs'"
READ_HOT_GROUPS: Final = """SELECT table_name, table_version, period_tag, hot_records FROM ledger WHERE hot_records > 0
  ORDER BY table_name, table_version, period_tag"""
READ_HOT_DATASETS: Final = """WITH RECURSIVE datasets (dataset_id) AS (
    SELECT MIN(dataset_id) FROM buffer_logs WHERE dataset_id > ?1
    UNION ALL
    SELECT (SELECT MIN(b.dataset_id) FROM buffer_logs b WHERE b.dataset_id > datasets.dataset_id) FROM datasets
      WHERE datasets.dataset_id IS NOT NULL LIMIT CAST(?6 AS INTEGER))
  SELECT d.dataset_id, COUNT(b.id) AS row_count, COALESCE(SUM(LENGTH(b.data)), 0) AS byte_count
  FROM datasets d LEFT JOIN buffer_logs b ON b.dataset_id = d.dataset_id AND b.table_name = ?2
    AND b.table_version = CAST(?3 AS INTEGER) AND b.period_tag = ?4 AND b.id <= CAST(?5 AS INTEGER)
  WHERE d.dataset_id IS NOT NULL GROUP BY d.dataset_id ORDER BY d.dataset_id"""
READ_HOT_ROWS: Final = """WITH sums AS (
    SELECT id, SUM(LENGTH(data)) OVER (ORDER BY dataset_id, timestamp, id) - LENGTH(data) AS bytes_before FROM buffer_logs
    WHERE dataset_id IN (SELECT value FROM json_each(?1)) AND table_name = ?2
      AND timestamp >= CAST(?6 AS INTEGER) AND (timestamp > CAST(?6 AS INTEGER) OR id > CAST(?7 AS INTEGER))
      AND table_version = CAST(?3 AS INTEGER) AND period_tag = ?4 AND id <= CAST(?5 AS INTEGER)
    ORDER BY dataset_id, timestamp, id LIMIT CAST(?8 AS INTEGER))
  SELECT b.id, b.dataset_id, b.timestamp, b.parts_left, hex(b.data) AS data FROM sums JOIN buffer_logs b ON b.id = sums.id
  WHERE sums.bytes_before < CAST(?9 AS INTEGER) ORDER BY b.dataset_id, b.timestamp, b.id"""
IS_HOT_ROW: Final = "SELECT 1 AS found FROM buffer_logs WHERE id = CAST(?1 AS INTEGER)"
DELETE_ROWS: Final = "DELETE FROM buffer_logs WHERE id IN (SELECT value FROM json_each(?1))"
QUARANTINE_ROWS: Final = """INSERT INTO quarantine
    (id, dataset_id, table_name, timestamp, data, uploaded_by, created_at, table_version, period_tag, parts_left, reason)
  SELECT id, dataset_id, table_name, timestamp, data, uploaded_by, created_at, table_version, period_tag, parts_left, ?2
  FROM buffer_logs WHERE id IN (SELECT value FROM json_each(?1))"""

# Objects

INSERT_FILE: Final = """INSERT INTO archived_files (file_path, file_size, compression_codec, created_at, last_modified_at,
    table_name,
    table_version, period_tag, state, header, header_size, checksum, record_count, raw_bytes, end_timestamp)
  VALUES (?1, CAST(?2 AS INTEGER), NULLIF(?3, 'null'), CAST(?4 AS INTEGER), CAST(?4 AS INTEGER), ?5, CAST(?6 AS INTEGER), ?7,
    'staged',
    unhex(?8), CAST(?9 AS INTEGER), ?10, CAST(?11 AS INTEGER), CAST(?12 AS INTEGER), CAST(?13 AS INTEGER))"""
READ_STATE: Final = "SELECT state, checksum FROM archived_files WHERE file_path = ?1"
SET_STATE: Final = """UPDATE archived_files SET state = ?2, last_modified_at = CAST(?3 AS INTEGER)
  WHERE file_path IN (SELECT value FROM json_each(?1))"""
GIVE_UP_FILE: Final = """UPDATE archived_files SET state = 'dead', last_modified_at = CAST(?2 AS INTEGER)
  WHERE file_path = ?1 AND state = 'staged'"""
INSERT_BLOCKS: Final = """INSERT INTO block_indexes (file_id, table_name, dataset_id, start_byte, length, record_count,
    start_timestamp,
    end_timestamp, checksum, record_keys)
  SELECT f.id, f.table_name, json_extract(b.value, '$[0]'), json_extract(b.value, '$[1]'), json_extract(b.value, '$[2]'),
    json_extract(b.value, '$[3]'), json_extract(b.value, '$[4]'), json_extract(b.value, '$[5]'), json_extract(b.value, '$[6]'),
    unhex(json_extract(b.value, '$[7]'))
  FROM json_each(?2) b JOIN archived_files f ON f.file_path = ?1 ORDER BY b.key"""
DELETE_BLOCKS: Final = "DELETE FROM block_indexes WHERE file_id = (SELECT id FROM archived_files WHERE file_path = ?1)"

# Read

READ_DATASET_ROWS: Final = """WITH sums AS (
    SELECT id, timestamp, parts_left, SUM(LENGTH(data)) OVER (ORDER BY timestamp, id) AS byte_count FROM buffer_logs
    WHERE dataset_id = ?1 AND table_name = ?2 AND timestamp >= CAST(?3 AS INTEGER) AND timestamp < CAST(?4 AS INTEGER)
      AND (timestamp > CAST(?3 AS INTEGER) OR id > CAST(?5 AS INTEGER)) AND id <= CAST(?6 AS INTEGER)
    ORDER BY timestamp, id LIMIT CAST(?7 AS INTEGER)),
  page AS (
    SELECT id, MAX(CASE parts_left WHEN 0 THEN byte_count ELSE 0 END)
      OVER (ORDER BY timestamp, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_of_records_before FROM sums)
  SELECT b.id, b.timestamp, b.table_version, b.parts_left, hex(b.data) AS data, (SELECT COUNT(*) FROM page) AS page_rows
  FROM page JOIN buffer_logs b ON b.id = page.id
  WHERE COALESCE(page.bytes_of_records_before, 0) < CAST(?8 AS INTEGER) ORDER BY b.timestamp, b.id"""
READ_DATASET_BLOCKS: Final = """SELECT b.file_id, b.start_byte, b.length, b.record_count, b.checksum, hex(b.record_keys) AS
    record_keys
  FROM block_indexes b JOIN archived_files f ON f.id = b.file_id
  WHERE b.dataset_id = ?1 AND b.table_name = ?2 AND b.start_timestamp < CAST(?4 AS INTEGER) AND b.end_timestamp >= CAST(?3 AS
    INTEGER)
    AND f.state = 'live'
  ORDER BY b.file_id, b.start_byte"""
READ_DATASET_FILES: Final = """SELECT f.id, f.file_path, f.table_version, hex(f.header) AS header FROM archived_files f
  WHERE f.id IN (
      SELECT file_id FROM block_indexes
      WHERE dataset_id = ?1 AND table_name = ?2 AND start_timestamp < CAST(?4 AS INTEGER) AND end_timestamp >= CAST(?3 AS INTEGER))
    AND +f.state = 'live'"""

# Maintenance

READ_FILES: Final = """SELECT id, file_path, file_size, COALESCE(compression_codec, 'null') AS compression_codec, table_name,
    table_version, period_tag, state, hex(header) AS header, header_size, checksum, record_count, raw_bytes, end_timestamp
  FROM archived_files WHERE id > CAST(?1 AS INTEGER) ORDER BY id LIMIT CAST(?2 AS INTEGER)"""
READ_EXPIRED_FILES: Final = """SELECT file_path, file_size, table_name, table_version, period_tag, record_count, raw_bytes
  FROM archived_files WHERE state = 'live' AND end_timestamp < CAST(?1 AS INTEGER)
  ORDER BY end_timestamp LIMIT CAST(?2 AS INTEGER)"""
READ_SMALL_FILES: Final = """SELECT id, file_path, file_size, table_name, table_version, period_tag, record_count, raw_bytes
  FROM archived_files WHERE state = 'live' AND raw_bytes < CAST(?1 AS INTEGER)
  ORDER BY table_name, table_version, period_tag, id LIMIT CAST(?2 AS INTEGER)"""
READ_HEADER: Final = """SELECT file_path, table_version, hex(header) AS header FROM archived_files WHERE id = CAST(?1 AS INTEGER)"""
READ_BLOCKS_OF_FILE: Final = """SELECT dataset_id, table_name, start_byte, length, record_count, start_timestamp, end_timestamp,
    checksum, hex(record_keys) AS record_keys
  FROM block_indexes WHERE file_id = CAST(?1 AS INTEGER) ORDER BY start_byte"""
SET_FILE: Final = """UPDATE archived_files SET file_size = CAST(?2 AS INTEGER), compression_codec = NULLIF(?3, 'null'),
    header = unhex(?4), header_size = CAST(?5 AS INTEGER), record_count = CAST(?6 AS INTEGER), end_timestamp = CAST(?7 AS INTEGER),
    raw_bytes = CAST(?8 AS INTEGER)
  WHERE file_path = ?1"""
GIVE_UP_STALE: Final = """UPDATE archived_files SET state = 'dead', last_modified_at = CAST(?2 AS INTEGER)
  WHERE state = 'staged' AND last_modified_at < CAST(?1 AS INTEGER) RETURNING file_path"""
READ_DEAD: Final = """SELECT file_path FROM archived_files WHERE state = 'dead' AND last_modified_at < CAST(?1 AS INTEGER)
  ORDER BY last_modified_at LIMIT CAST(?2 AS INTEGER)"""
SET_GONE: Final = """UPDATE archived_files SET state = 'gone', header = NULL, last_modified_at = CAST(?2 AS INTEGER)
  WHERE file_path = ?1 AND state = 'dead'"""
READ_STATES: Final = "SELECT file_path, state FROM archived_files WHERE file_path IN (SELECT value FROM json_each(?1))"
DELETE_OLD_UPLOADS: Final = """DELETE FROM uploads WHERE (dataset_id, table_name, upload_id) IN (
  SELECT dataset_id, table_name, upload_id FROM uploads WHERE accepted_at < CAST(?1 AS INTEGER) ORDER BY accepted_at LIMIT 5000)
  RETURNING 1 AS deleted"""
DELETE_OLD_RUNS: Final = "DELETE FROM archive_runs WHERE id <= (SELECT MAX(id) FROM archive_runs) - 1000"

COUNT_HOT: Final = "SELECT COUNT(*) AS record_count, SUM(LENGTH(data)) AS total_bytes FROM buffer_logs"
LATEST_FILES: Final = "SELECT id, file_path, file_size, created_at FROM archived_files ORDER BY id DESC LIMIT 10"
FILE_CONSISTENCY: Final = """SELECT f.id, f.file_path, COUNT(b.id) AS block_count, SUM(b.record_count) AS total_records,
    SUM(b.length) AS total_length, f.file_size
  FROM archived_files f LEFT JOIN block_indexes b ON f.id = b.file_id GROUP BY f.id ORDER BY f.id DESC LIMIT 10"""
LATEST_FILES_CHECKED: Final = """SELECT f.id, f.file_path, f.state, f.table_name, f.period_tag, f.file_size, f.header_size,
    f.record_count,
    f.raw_bytes, f.created_at, COUNT(b.id) AS block_count, COALESCE(SUM(b.length), 0) AS total_length
  FROM archived_files f LEFT JOIN block_indexes b ON f.id = b.file_id GROUP BY f.id ORDER BY f.id DESC LIMIT 10"""
OLDEST_ROW: Final = "SELECT created_at FROM buffer_logs ORDER BY id LIMIT 1"
COUNT_STATE: Final = "SELECT COUNT(*) AS file_count FROM archived_files WHERE state = ?1"
LATEST_RUNS: Final = "SELECT report FROM archive_runs ORDER BY id DESC LIMIT 10"
OVERVIEW_FILES: Final = """SELECT id, file_path, state, table_name, period_tag, file_size, header_size, record_count, raw_bytes,
    created_at
  FROM archived_files ORDER BY id DESC LIMIT 10"""
OVERVIEW_BLOCKS: Final = """WITH latest AS (
    SELECT f.id, (SELECT b.id FROM block_indexes b WHERE b.file_id = f.id ORDER BY b.start_byte LIMIT 1) AS first_id,
      (SELECT b.id FROM block_indexes b WHERE b.file_id = f.id ORDER BY b.start_byte DESC LIMIT 1) AS last_id
    FROM archived_files f ORDER BY f.id DESC LIMIT 10)
  SELECT b.file_id, (b.id - first_id) * 500 / MAX(500, last_id - first_id + 1) AS span, MIN(b.dataset_id) AS dataset_id,
    MAX(b.dataset_id) AS last_dataset_id, MIN(b.start_byte) AS start_byte, SUM(b.length) AS length,
    SUM(b.record_count) AS record_count, MIN(b.start_timestamp) AS start_timestamp, MAX(b.end_timestamp) AS end_timestamp,
    COUNT(*) AS block_count
  FROM latest JOIN block_indexes b ON b.file_id = latest.id GROUP BY b.file_id, span ORDER BY b.file_id, span"""
OVERVIEW_HISTORY: Final = """SELECT started_at, json_extract(report, '$.raw_bytes') AS raw_bytes,
    json_extract(report, '$.file_bytes') AS file_bytes
  FROM archive_runs ORDER BY id DESC LIMIT 1000"""

COUNT_HOT_GROUPS: Final = """SELECT table_name, table_version, period_tag, SUM(parts_left = 0) AS record_count,
    SUM(LENGTH(data)) AS byte_count
  FROM buffer_logs WHERE id > 0 GROUP BY table_name, table_version, period_tag"""
COUNT_LIVE_GROUPS: Final = """SELECT table_name, table_version, period_tag, SUM(record_count) AS record_count,
    SUM(file_size) AS byte_count,
    SUM(raw_bytes) AS raw_bytes
  FROM archived_files WHERE state = 'live' GROUP BY table_name, table_version, period_tag"""
COUNT_QUARANTINE_GROUPS: Final = """SELECT table_name, table_version, period_tag, SUM(parts_left = 0) AS record_count
  FROM quarantine WHERE id > 0 GROUP BY table_name, table_version, period_tag"""
READ_QUARANTINE: Final = """SELECT id, dataset_id, table_name, timestamp, reason FROM quarantine ORDER BY id LIMIT 100"""

INSERT_POISON: Final = """INSERT INTO poison_messages (queue, message_id, body, reason, received_at)
  VALUES (?1, ?2, unhex(?3), ?4, CAST(?5 AS INTEGER)) ON CONFLICT (queue, message_id) DO NOTHING RETURNING 1 AS inserted"""
COUNT_POISON: Final = "SELECT COUNT(*) AS message_count FROM poison_messages"
LATEST_POISON: Final = """SELECT id, queue, message_id, LENGTH(body) AS byte_count, reason, received_at FROM poison_messages
  ORDER BY id DESC LIMIT 100"""

TAKE_LEASE: Final = """INSERT INTO leases (name, holder, epoch, expires_at) VALUES (?1, ?2, 1, CAST(?4 AS INTEGER))
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = epoch + 1, expires_at = excluded.expires_at
    WHERE expires_at <= CAST(?3 AS INTEGER) OR holder = excluded.holder
  RETURNING epoch"""
END_LEASE: Final = "UPDATE leases SET expires_at = 0 WHERE name = ?1 AND holder = ?2"
INSERT_RUN: Final = """INSERT INTO archive_runs (started_at, duration_ms, result, report)
  VALUES (CAST(?1 AS INTEGER), CAST(?2 AS INTEGER), ?3, ?4)"""

READ_SETTING: Final = "SELECT value FROM store_settings WHERE name = ?1"
WRITE_SETTING: Final = (
    "INSERT INTO store_settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
DELETE_SETTING: Final = "DELETE FROM store_settings WHERE name = ?1"

# Reset and rebuild

DELETE_SOME_ROWS: Final = """DELETE FROM buffer_logs WHERE id <= COALESCE((
  SELECT id FROM buffer_logs WHERE id <= CAST(?1 AS INTEGER) AND parts_left = 0 ORDER BY id LIMIT 1 OFFSET 4999),
  CAST(?1 AS INTEGER)) RETURNING 1 AS deleted"""
DELETE_QUARANTINE: Final = "DELETE FROM quarantine"
DELETE_POISON: Final = "DELETE FROM poison_messages"
KILL_ALL_FILES: Final = """UPDATE archived_files SET state = 'dead', last_modified_at = CAST(?1 AS INTEGER)
  WHERE state IN ('staged', 'live')"""
DELETE_ROWS_LEFT: Final = "DELETE FROM buffer_logs"
DELETE_UPLOADS: Final = "DELETE FROM uploads"
READ_TAKEN_IDS: Final = "SELECT id FROM buffer_logs WHERE id IN (SELECT value FROM json_each(?1))"
INSERT_OLD_ROWS: Final = """INSERT INTO buffer_logs
    (dataset_id, table_name, table_version, period_tag, created_at, id, timestamp, parts_left, data)
  SELECT ?1, ?2, CAST(?3 AS INTEGER), ?4, CAST(?5 AS INTEGER), json_extract(value, '$[0]'), json_extract(value, '$[1]'),
    json_extract(value, '$[2]'), unhex(json_extract(value, '$[3]'))
  FROM json_each(?6) ORDER BY key"""
RESERVE_SEQUENCE: Final = """INSERT INTO buffer_logs (id, dataset_id, table_name, timestamp, data)
  SELECT CAST(?1 AS INTEGER), '', '', 0, '' WHERE NOT EXISTS (SELECT 1 FROM buffer_logs WHERE id >= CAST(?1 AS INTEGER))"""
FREE_SEQUENCE: Final = "DELETE FROM buffer_logs WHERE id = CAST(?1 AS INTEGER) AND dataset_id = ''"
INSERT_SCHEMA_IF_NEW: Final = """INSERT INTO table_schemas (table_name, table_version, schema, timestamp_field)
  VALUES (?1, CAST(?2 AS INTEGER), ?3, NULLIF(?4, '')) ON CONFLICT (table_name, table_version) DO NOTHING"""
