-- Calls to the outside, committed before they are sent, so that a crash between the two leaves
-- something to look for. Only the holder of the lease may send one.
create table effects (
    id uuid not null primary key,
    lane text collate "C" not null,
    kind text not null,
    request bytea not null,
    context jsonb not null,
    state text not null default 'intended' check (state in ('intended', 'unknown', 'closed')),
    attempts integer not null default 1 check (attempts >= 0),
    lease_until timestamptz not null,
    created_at timestamptz not null,
    note text not null default '',
    trace text
);

create index effects_open on effects (lane, lease_until) where state <> 'closed';

create index effects_unknown on effects (created_at, id) where state = 'unknown';
