-- A copy may be held until somebody approves it. What was approved is decided anew, and replaced by a copy with that
-- decision; what was not is refused.
alter table postseal.copy drop constraint copy_state_check;
alter table postseal.copy add constraint copy_state_check
    check (state in ('queued', 'handed', 'sent', 'failed', 'repeated', 'parked', 'opened', 'deleted', 'locked', 'expired',
                     'held', 'refused', 'recalled', 'lost'));

-- What the outbox handed to the MTA is not made again when the message is offered again: only what was decided in place.
grant select (first_state) on postseal.copy to postseal_milter;

create or replace function postseal.copy_move(moved uuid, into_state text, why text, known text default null)
returns boolean language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    update copy set state = into_state, state_at = now(), reason = coalesce(why, reason), state_detail = known
    where id = moved and (state, into_state) in (
        ('queued', 'handed'), ('queued', 'sent'), ('queued', 'failed'),
        ('handed', 'sent'), ('handed', 'failed'), ('handed', 'repeated'), ('sent', 'failed'),
        ('held', 'repeated'), ('held', 'refused'), ('held', 'recalled'),
        ('parked', 'opened'), ('parked', 'deleted'), ('parked', 'locked'), ('parked', 'expired'),
        ('parked', 'recalled'), ('parked', 'lost'), ('parked', 'failed'), ('opened', 'locked'),
        ('locked', 'parked'), ('locked', 'opened'), ('locked', 'deleted'), ('locked', 'expired'),
        ('locked', 'recalled'), ('locked', 'lost'),
        -- Its notice was returned; the parcel waits all the same.
        ('failed', 'parked'), ('failed', 'opened'), ('failed', 'deleted'), ('failed', 'locked'), ('failed', 'expired'),
        ('failed', 'recalled'), ('failed', 'lost'))
        and (state <> 'failed' or method = 'pickup');
    return found;
end
$$;

-- That somebody approved a message, the database alone puts down, with the decision.
drop policy event_put on postseal.event;
create policy event_put on postseal.event for insert with check (what not in
    ('queued', 'handed', 'sent', 'failed', 'repeated', 'parked', 'opened', 'locked', 'expired', 'held', 'approved', 'refused',
     'recalled', 'lost'));
