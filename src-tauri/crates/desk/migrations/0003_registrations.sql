-- Registrations of numbers on mobile instances. No code, PIN or appeal token is kept.

-- What kind of instance a customer has: 'web', 'mobile', or NULL while nobody knows.
ALTER TABLE customer ADD COLUMN instance_type TEXT;

CREATE TABLE registration (
    customer_id TEXT PRIMARY KEY REFERENCES customer (id) ON DELETE CASCADE,
    -- Counts changes: an older one never takes the place of a newer one.
    version     BIGINT NOT NULL,
    -- Where it stands, as JSON.
    state       TEXT NOT NULL
);

-- By number and not by customer, as WhatsApp counts them: forgetting a customer ends no wait.
CREATE TABLE registration_wait (
    -- Digits with country code.
    phone           TEXT NOT NULL,
    way             TEXT NOT NULL,
    -- As long as the server said; NULL: closed.
    seconds         BIGINT,
    -- Its end by the server's clock (Unix milliseconds), where that was known.
    until_server_ms BIGINT,
    PRIMARY KEY (phone, way)
);
