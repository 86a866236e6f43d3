-- Closed calls keep their exact bytes for a month, for whoever asks what was sent; the prune finds
-- the older ones here.
create index effects_closed on effects (created_at) where state = 'closed';
