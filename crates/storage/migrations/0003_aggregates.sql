-- The present state of each aggregate, a projection of its events that `rebuild` makes again. Ids
-- are compared byte by byte, so that locks are taken and pages are read in the order of the code.
-- The fill factor leaves room for a new version of a row on its own page: it is written often.
create table aggregates (
    kind text collate "C" not null,
    id text collate "C" not null,
    version bigint not null check (version >= 0),
    state jsonb not null,
    primary key (kind, id)
) with (fillfactor = 80);
