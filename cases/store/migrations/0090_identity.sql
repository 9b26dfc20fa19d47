-- Who may use the platform (D9.3), and which requests of programs were answered already.

CREATE TABLE users (
    user_id BIGINT PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    -- integrator, government, provider or clients; provider_id only with the third, user_clients only with the last.
    organisation TEXT NOT NULL,
    provider_id BIGINT,
    language TEXT NOT NULL,
    theme TEXT NOT NULL,
    disabled BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE user_clients (
    user_id BIGINT NOT NULL REFERENCES users (user_id),
    client_id BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_id)
);

CREATE TABLE user_roles (
    user_id BIGINT NOT NULL REFERENCES users (user_id),
    role TEXT NOT NULL,
    PRIMARY KEY (user_id, role)
);

-- Secrets are kept as SHA-256 only.
CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (user_id),
    form_token TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE api_tokens (
    token_id BIGINT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (user_id),
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    used_ms BIGINT,
    revoked_ms BIGINT
);
CREATE INDEX api_tokens_user ON api_tokens (user_id);

CREATE TABLE idempotency_keys (
    user_id BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status BIGINT NOT NULL,
    location TEXT NOT NULL,
    content TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, idempotency_key)
);
