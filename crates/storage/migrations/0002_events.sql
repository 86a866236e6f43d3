-- The service's private event log: the only truth, from which every state is rebuilt. The unique
-- key makes the later of two writers of one aggregate lose. Never updated, never deleted.
create table events (
    position bigserial primary key,
    aggregate_kind text collate "C" not null,
    aggregate_id text collate "C" not null,
    version bigint not null check (version > 0),
    kind text not null,
    body jsonb not null,
    at timestamptz not null,
    cause text not null,
    constraint events_of_aggregate unique (aggregate_kind, aggregate_id, version)
);
