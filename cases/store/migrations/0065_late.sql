-- Bytes that were metered after the close of their month have a kind of their own, so that comparing a closed month with
-- the meter never takes back what people entered. Those entered until now are known by the words of their reason.
UPDATE correction SET kind = 'late' WHERE kind = 'volume' AND reason LIKE '% were metered after its close';
