-- No secret is kept here. A *_hint column tells that the keychain holds the secret: its last four
-- characters, or '' for a secret too short to show any; NULL when the keychain holds none.

CREATE TABLE account (
    id                 TEXT PRIMARY KEY,
    name               TEXT NOT NULL,
    client_token_hint  TEXT,
    partner_token_hint TEXT
);

CREATE TABLE customer (
    id           TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES account (id),
    name         TEXT NOT NULL,
    instance_id  TEXT NOT NULL UNIQUE,
    phone        TEXT,
    language     TEXT NOT NULL,
    token_hint   TEXT,
    -- Last status seen, and since when (Unix milliseconds by this computer's clock).
    status       TEXT NOT NULL,
    status_since BIGINT,
    -- Name, number and instance id, folded for searching.
    search       TEXT NOT NULL
);

CREATE TABLE template (
    language TEXT NOT NULL,
    kind     TEXT NOT NULL,
    text     TEXT NOT NULL,
    PRIMARY KEY (language, kind)
);

CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
