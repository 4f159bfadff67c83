-- Every attempt, without codes and secrets. All times are Unix milliseconds by this computer's clock.

CREATE TABLE attempt (
    id          TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    -- At that time: a customer may move, and an account may be removed.
    account_id  TEXT NOT NULL,
    method      TEXT NOT NULL,
    started_at  BIGINT NOT NULL,
    -- NULL while it runs, and when Ponte ended before it did.
    ended_at    BIGINT,
    outcome     TEXT NOT NULL,
    -- From the start to the connection.
    seconds     BIGINT,
    -- WhatsApp demanded a passkey on the way.
    passkey     BOOLEAN NOT NULL
);

CREATE INDEX attempt_by_time ON attempt (started_at);
CREATE INDEX attempt_by_customer ON attempt (customer_id, started_at);

CREATE TABLE attempt_error (
    attempt_id TEXT NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
    code       TEXT NOT NULL,
    times      BIGINT NOT NULL,
    PRIMARY KEY (attempt_id, code)
);
