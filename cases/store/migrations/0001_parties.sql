-- Who is who (D1), and the small tables that every other part leans on.
-- Types are those that SQLite and PostgreSQL share: BIGINT, TEXT. Times are unix milliseconds, booleans 0 or 1.

CREATE TABLE client (
    id BIGINT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name_nl TEXT NOT NULL,
    name_en TEXT NOT NULL,
    kbo TEXT,
    active BIGINT NOT NULL DEFAULT 1,
    -- First day of service, YYYY-MM-DD: averages count months from here (D7.6).
    service_start TEXT
);

-- Owner of what came from senders that belong to nobody; only an operator's scope reaches it.
INSERT INTO client (id, slug, name_nl, name_en, kbo, active, service_start)
VALUES (0, 'quarantine', 'Quarantaine', 'Quarantine', NULL, 0, NULL);

CREATE TABLE provider (
    id BIGINT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
);

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- The last number given out by each named sequence; rolled back with its transaction, so numbers have no gaps.
CREATE TABLE sequence (
    name TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);

-- Where each reader of the journal goes on after a restart, written in the transaction of its effects.
CREATE TABLE reader_position (
    reader TEXT PRIMARY KEY,
    position BIGINT NOT NULL
);
