-- The last stream sequence that was processed, committed together with what it caused: a consumer
-- that stands beyond it reads from a database that was restored, and is set back.
create table checkpoints (
    consumer text collate "C" not null primary key,
    sequence bigint not null
);
