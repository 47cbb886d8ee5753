"""The tables of a store, as numbered migrations that can be run again and undone.

The version stands in a table of its own, since D1 refuses `PRAGMA user_version`.
"""

from typing import Final, NamedTuple


class Migration(NamedTuple):
    """The statements that bring a database from the version before to `version`, and those that undo it."""

    version: int
    name: str
    up: tuple[str, ...]
    down: tuple[str, ...]


NOW_MS: Final = "(strftime('%s','now') * 1000)"

_TABLES: Final = {
    "buffer_logs": f"""id INTEGER PRIMARY KEY AUTOINCREMENT,
  dataset_id TEXT NOT NULL,
  table_name TEXT NOT NULL,
  timestamp INTEGER NOT NULL,
  data BLOB NOT NULL,
  uploaded_by TEXT,
  created_at INTEGER DEFAULT {NOW_MS},
  table_version INTEGER NOT NULL DEFAULT 0,
  period_tag TEXT NOT NULL DEFAULT 'undated',
  parts_left INTEGER NOT NULL DEFAULT 0""",
    "archived_files": f"""id INTEGER PRIMARY KEY AUTOINCREMENT,
  file_path TEXT NOT NULL UNIQUE,
  file_size INTEGER,
  compression_codec TEXT,
  created_at INTEGER DEFAULT {NOW_MS},
  last_modified_at INTEGER,
  table_name TEXT NOT NULL,
  table_version INTEGER NOT NULL,
  period_tag TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('staged', 'live', 'dead', 'gone')),
  header BLOB,
  header_size INTEGER,
  checksum TEXT,
  record_count INTEGER NOT NULL,
  raw_bytes INTEGER NOT NULL,
  end_timestamp INTEGER NOT NULL""",
    "block_indexes": """id INTEGER PRIMARY KEY AUTOINCREMENT,
  dataset_id TEXT NOT NULL,
  table_name TEXT NOT NULL,
  file_id INTEGER NOT NULL,
  start_byte INTEGER NOT NULL,
  length INTEGER NOT NULL,
  record_count INTEGER NOT NULL,
  start_timestamp INTEGER NOT NULL,
  end_timestamp INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  record_keys BLOB NOT NULL,
  FOREIGN KEY (file_id) REFERENCES archived_files(id)""",
    "table_schemas": """table_name TEXT NOT NULL,
  table_version INTEGER NOT NULL CHECK (table_version > 0),
  schema TEXT NOT NULL,
  timestamp_field TEXT,
  PRIMARY KEY (table_name, table_version)""",
    "uploads": """dataset_id TEXT NOT NULL,
  table_name TEXT NOT NULL,
  upload_id TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  table_version INTEGER NOT NULL,
  record_count INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL,
  PRIMARY KEY (dataset_id, table_name, upload_id)""",
    "ledger": """table_name TEXT NOT NULL,
  table_version INTEGER NOT NULL,
  period_tag TEXT NOT NULL,
  accepted_records INTEGER NOT NULL DEFAULT 0,
  hot_records INTEGER NOT NULL DEFAULT 0,
  hot_bytes INTEGER NOT NULL DEFAULT 0,
  cold_records INTEGER NOT NULL DEFAULT 0,
  cold_bytes INTEGER NOT NULL DEFAULT 0,
  raw_bytes INTEGER NOT NULL DEFAULT 0,
  expired_records INTEGER NOT NULL DEFAULT 0,
  quarantined_records INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (table_name, table_version, period_tag)""",
    "quarantine": """id INTEGER PRIMARY KEY,
  dataset_id TEXT NOT NULL,
  table_name TEXT NOT NULL,
  timestamp INTEGER NOT NULL,
  data BLOB NOT NULL,
  uploaded_by TEXT,
  created_at INTEGER,
  table_version INTEGER NOT NULL,
  period_tag TEXT NOT NULL,
  parts_left INTEGER NOT NULL,
  reason TEXT NOT NULL""",
    "leases": """name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  expires_at INTEGER NOT NULL""",
    "archive_runs": """id INTEGER PRIMARY KEY AUTOINCREMENT,
  started_at INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  result TEXT NOT NULL,
  report TEXT NOT NULL""",
    "store_settings": "name TEXT PRIMARY KEY,\n  value TEXT NOT NULL",
    "guards": "ok INTEGER NOT NULL CHECK (ok)",
}

_WITHOUT_ROWID: Final = ("table_schemas", "uploads", "ledger", "leases", "store_settings")

_INDEXES: Final = {
    "idx_buffer_search": "buffer_logs (dataset_id, table_name, timestamp)",
    "idx_archived_path": "archived_files (file_path)",
    "idx_archived_state": "archived_files (state, last_modified_at)",
    "idx_archived_end": "archived_files (state, end_timestamp)",
    "idx_archived_size": "archived_files (state, raw_bytes)",
    "idx_block_indexes_dataset_table": "block_indexes (dataset_id, table_name, start_timestamp, end_timestamp)",
    "idx_block_indexes_file": "block_indexes (file_id, start_byte)",
    "idx_uploads_accepted": "uploads (accepted_at)",
}

MIGRATIONS: Final = (
    Migration(
        1,
        "create",
        (
            *(
                f"CREATE TABLE IF NOT EXISTS {name} (\n  {columns}\n){' WITHOUT ROWID' if name in _WITHOUT_ROWID else ''}"
                for name, columns in _TABLES.items()
            ),
            *(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}" for name, columns in _INDEXES.items()),
        ),
        tuple(f"DROP TABLE IF EXISTS {name}" for name in reversed(_TABLES)),
    ),
    Migration(
        2,
        "poison messages",
        (
            """CREATE TABLE IF NOT EXISTS poison_messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  queue TEXT NOT NULL,
  message_id TEXT NOT NULL,
  body BLOB NOT NULL,
  reason TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  UNIQUE (queue, message_id)
)""",
        ),
        ("DROP TABLE IF EXISTS poison_messages",),
    ),
)

VERSION: Final = MIGRATIONS[-1].version
"""The version that this library works with."""

CREATE_VERSION: Final = (
    "CREATE TABLE IF NOT EXISTS schema_version (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL)"
)
READ_VERSION: Final = "SELECT version FROM schema_version"
WRITE_VERSION: Final = (
    "INSERT INTO schema_version VALUES (1, CAST(?1 AS INTEGER)) ON CONFLICT (one) DO UPDATE SET version = excluded.version"
)
