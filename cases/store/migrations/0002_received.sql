-- Everything received before this moment has been handled; unknown until the reader says so. Months are closed by it.
ALTER TABLE reader_position ADD COLUMN received_ms BIGINT;
