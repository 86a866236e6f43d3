-- Work that one replica does for all (a sweep, a schedule) is done by whoever holds its lease.
create table leases (
    name text collate "C" not null primary key,
    holder uuid not null,
    until timestamptz not null
);
