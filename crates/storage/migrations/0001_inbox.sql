-- Everything upstream is delivered at least once. An id that stands here was processed; the digest
-- tells a double from another content under the same id. `seen_at` is when it may be pruned by.
create table inbox (
    id text collate "C" not null primary key,
    digest bytea not null,
    seen_at timestamptz not null
);

create index inbox_seen_at on inbox (seen_at);
