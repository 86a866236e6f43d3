-- What becomes due in a lane: the end of a window, a retry, a comparison. A row without `due_at`
-- only remembers an open window; the partial index holds what really waits. When something is due
-- is a rule of the domain: the table only keeps it.
create table timers (
    lane text collate "C" not null,
    key text collate "C" not null,
    due_at timestamptz,
    not_before timestamptz,
    dirty_since timestamptz,
    note text not null default '',
    trace text,
    primary key (lane, key)
);

create index timers_waiting on timers (lane, due_at, key) where due_at is not null;
