-- Jumps from lane to lane in the partial indexes: the cost follows the number of lanes, not of what
-- waits in them, so that a rush of a hundred thousand timers does not slow the asking down.
with recursive timer_lanes as (
    (
        select lane
        from timers
        where due_at is not null
        order by lane
        limit 1
    )
    union all
    select (
        select t.lane
        from timers t
        where t.due_at is not null
            and t.lane > l.lane
        order by t.lane
        limit 1
    )
    from timer_lanes l
    where l.lane is not null
),
effect_lanes as (
    (
        select lane
        from effects
        where state <> 'closed'
            and state <> 'asks'
        order by lane
        limit 1
    )
    union all
    select (
        select e.lane
        from effects e
        where e.state <> 'closed'
            and e.state <> 'asks'
            and e.lane > l.lane
        order by e.lane
        limit 1
    )
    from effect_lanes l
    where l.lane is not null
),
moments as (
    select l.lane, (
        select min(t.due_at)
        from timers t
        where t.due_at is not null
            and t.lane = l.lane
    ) as at
    from timer_lanes l
    where l.lane is not null
    union all
    select l.lane, (
        select min(e.lease_until)
        from effects e
        where e.state <> 'closed'
            and e.state <> 'asks'
            and e.lane = l.lane
    ) as at
    from effect_lanes l
    where l.lane is not null
)
select lane as "lane!", min(at) as "at!"
from moments
group by lane
order by lane
