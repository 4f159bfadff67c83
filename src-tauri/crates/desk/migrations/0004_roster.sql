-- The desk's roster: what the Partner listing says of each instance, and what the desk notes itself.

-- An agent had the account's listing read: from then on it is refreshed.
ALTER TABLE account ADD COLUMN imported BOOLEAN NOT NULL DEFAULT FALSE;

-- Free text of the desk's own.
ALTER TABLE customer ADD COLUMN note TEXT NOT NULL DEFAULT '';
-- The desk's own, one a line.
ALTER TABLE customer ADD COLUMN labels TEXT NOT NULL DEFAULT '';
-- The name came from the listing and follows it, until somebody at the desk types another.
ALTER TABLE customer ADD COLUMN name_is_listed BOOLEAN NOT NULL DEFAULT FALSE;
-- When the paid or trial time ends, as the listing said last (Unix milliseconds by the server's clock).
ALTER TABLE customer ADD COLUMN due BIGINT;
-- When the instance was first missed in the listing (Unix milliseconds by this computer's clock).
ALTER TABLE customer ADD COLUMN vanished_at BIGINT;
-- When it was last seen to become connected (the same); NULL: never.
ALTER TABLE customer ADD COLUMN connected_at BIGINT;

UPDATE customer SET connected_at = status_since WHERE status = 'connected';
UPDATE customer SET connected_at = (
    SELECT MAX(ended_at) FROM attempt WHERE attempt.customer_id = customer.id AND attempt.outcome = 'connected'
) WHERE connected_at IS NULL;

-- What is searched is kept in memory.
ALTER TABLE customer DROP COLUMN search;

CREATE INDEX customer_by_account ON customer (account_id, id);
