-- The figures were everything that a client had on disk, noted anew for each day. What is still in the index is noted
-- again, by the day on which it was received; closed months keep what they said.
DELETE FROM stored_day;
