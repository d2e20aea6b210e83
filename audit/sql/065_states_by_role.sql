-- The portal knows of what waits behind it, and moves nothing else.
create function postseal.copy_move_parked(moved uuid, into_state text, why text) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    return into_state in ('opened', 'deleted', 'locked', 'parked', 'recalled', 'lost')
        and exists (select from copy where id = moved and method = 'pickup')
        and copy_move(moved, into_state, why);
end
$$;
revoke execute on function postseal.copy_move_parked from public;
revoke execute on function postseal.copy_move from postseal_portal;
grant execute on function postseal.copy_move_parked to postseal_portal;

-- That a copy came into a state, the database alone puts down, as it moves the copy. (What its reader had opened before
-- they deleted it is no state, but an event.)
alter table postseal.event enable row level security;
create policy event_read on postseal.event for select using (true);
create policy event_put on postseal.event for insert with check (what not in
    ('queued', 'handed', 'sent', 'failed', 'repeated', 'parked', 'opened', 'locked', 'expired', 'refused', 'recalled', 'lost'));
