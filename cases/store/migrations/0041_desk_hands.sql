-- A group that a person took out of a case: the policy leaves it alone from then on.
ALTER TABLE alert_group ADD COLUMN hands_off BIGINT NOT NULL DEFAULT 0;

-- When the clock of a case began: its registration, or that of the oldest case that went up in it.
ALTER TABLE security_case ADD COLUMN started_ms BIGINT NOT NULL DEFAULT 0;

UPDATE security_case SET started_ms = registered_ms;
