-- Everything a person or program does that changes tenant data (D9.4). Each row's hash covers the row and the hash
-- before it, so a row that is changed, removed or put in between shows.
CREATE TABLE audit (
    id BIGINT PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    organisation TEXT NOT NULL,
    action TEXT NOT NULL,
    client_id BIGINT REFERENCES client (id),
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);

CREATE INDEX audit_by_client ON audit (client_id, id);
CREATE INDEX audit_by_subject ON audit (subject, id);
