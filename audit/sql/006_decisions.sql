-- The record is made of facts that are only added: a message, a decision for each of its recipients at each offer,
-- an event. No program may change one. What moves is the state of a copy alone, through copy_move().

-- What may be offered again: the identities of messages whose answer nobody is known to have heard. Rows go as
-- soon as that is known, so this stays small.
create table postseal.offer (
    identity bytea primary key,
    message uuid not null,
    queue_id text,
    offered_at timestamptz not null default now(),
    host text not null default '',        -- of the milter, whose MTA's log tells of it
    heard boolean not null default false  -- as far as the milter's connection told
);
create index offer_queue_id on postseal.offer (queue_id);
insert into postseal.offer (identity, message, queue_id, offered_at)
    select identity, id, queue_id, last_offered_at from postseal.message where identity is not null;

-- A copy is what was decided for one recipient at one offer, with the policy that said so. A message that is
-- offered again and decided anew has another copy for the same recipient.
alter table postseal.copy
    add column offer integer not null default 1,
    add column policy text,
    add column state_detail text;         -- what is known of the step into this state, beyond the reason
update postseal.copy c set policy = m.policy from postseal.message m where m.id = c.message;
alter table postseal.copy alter column policy set not null;
alter table postseal.copy drop constraint copy_message_address_key;
create index copy_message on postseal.copy (message);

-- Offers after the first are events ('offered again').
insert into postseal.event (at, message, what, detail)
    select m.last_offered_at, m.id, 'offered again', m.queue_id
    from postseal.message m, generate_series(2, m.offers)
    where not exists (select from postseal.event e where e.message = m.id and e.what = 'offered again');

drop view postseal.log cascade;
drop view postseal.history;
alter table postseal.message
    drop column identity, drop column last_offered_at, drop column offers, drop column policy;

-- Facts are never deleted, so nothing needs to look whether what they point to is still there: such a look locks a
-- row that all messages of a policy share. Times grow with the rows, and a block range tells enough of them.
alter table postseal.copy drop constraint copy_message_fkey;
alter table postseal.event drop constraint event_message_fkey, drop constraint event_copy_fkey;
drop index postseal.message_offered_at;
create index message_offered_at on postseal.message using brin (offered_at) with (pages_per_range = 32, autosummarize = on);

alter table postseal.copy drop constraint copy_state_check;
alter table postseal.copy add constraint copy_state_check
    check (state in ('queued', 'handed', 'sent', 'failed', 'repeated', 'parked', 'opened', 'locked', 'expired',
                     'refused', 'recalled', 'lost'));

-- Each step is an event, put down by the database itself, so that no program can forget it.
create or replace function postseal.copy_changed() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    insert into event (message, copy, what, detail)
    values (new.message, new.id, new.state, coalesce(new.state_detail, new.reason));
    return null;
end
$$;

-- The one way from state to state; says whether it was taken. `why` takes the place of the reason, `known` does not.
create function postseal.copy_move(moved uuid, into_state text, why text, known text default null) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    update copy set state = into_state, state_at = now(), reason = coalesce(why, reason), state_detail = known
    where id = moved and (state, into_state) in (
        ('queued', 'handed'), ('queued', 'sent'), ('queued', 'failed'),
        ('handed', 'sent'), ('handed', 'failed'), ('handed', 'repeated'), ('sent', 'failed'),
        ('parked', 'opened'), ('parked', 'locked'), ('parked', 'expired'), ('parked', 'recalled'),
        ('parked', 'lost'), ('parked', 'failed'), ('opened', 'locked'),
        ('locked', 'parked'), ('locked', 'opened'), ('locked', 'expired'), ('locked', 'recalled'),
        ('locked', 'lost'),
        -- Its notice was returned; the parcel waits all the same.
        ('failed', 'parked'), ('failed', 'opened'), ('failed', 'locked'), ('failed', 'expired'), ('failed', 'recalled'),
        ('failed', 'lost'))
        and (state <> 'failed' or method = 'pickup');
    return found;
end
$$;
revoke execute on function postseal.copy_move from public;
grant execute on function postseal.copy_move to postseal_milter, postseal_courier, postseal_portal;

-- Moving on needs no new place in the order of rows: none of what changes is in an index.
alter table postseal.copy set (fillfactor = 90);

-- A message is offered again, and a copy of it is decided anew. Where the earlier offer turns out to have been heard
-- meanwhile, nothing of it is committed: it is tried once more, as what it is then.
create function postseal.offer_again(which bytea, new_queue_id text) returns void
language plpgsql set search_path = postseal, pg_temp as $$
begin
    update offer set queue_id = new_queue_id, offered_at = now(), heard = false where identity = which;
    if not found then
        raise exception 'the earlier offer was heard after all' using errcode = 'PS003';
    end if;
end
$$;
create function postseal.copy_repeat(replaced uuid) returns void
language plpgsql set search_path = postseal, pg_temp as $$
begin
    if not copy_move(replaced, 'repeated', 'the message was offered again, and decided anew') then
        raise exception 'the earlier copy has left after all' using errcode = 'PS003';
    end if;
end
$$;
revoke execute on function postseal.offer_again, postseal.copy_repeat from public;
grant execute on function postseal.offer_again, postseal.copy_repeat to postseal_milter;

-- What the compliance officer asks: a row for each decision.
create view postseal.log as
    select m.offered_at, m.queue_id, m.sender, m.authenticated, c.recipient, c.method, c.state,
           c.state_at, c.reason, c.rule_line, c.rule, c.keys, c.signed_by, m.message_id, m.size,
           c.policy, m.id as message, c.id as copy, c.trace, c.offer, c.decided_at, c.state_detail
    from postseal.copy c join postseal.message m on m.id = c.message;
create view postseal.unprotected as
    select * from postseal.log where method = 'plain';
create view postseal.refused as
    select * from postseal.log where state = 'refused';
create view postseal.trouble as
    select * from postseal.log where state in ('failed', 'locked', 'expired');
create view postseal.by_day as
    select date_trunc('day', offered_at) as day, coalesce(method, 'refused') as method, state,
           count(*) as copies
    from postseal.log group by 1, 2, 3;
create view postseal.history as
    select e.at, e.what, e.detail, c.recipient, e.message, e.copy
    from postseal.event e left join postseal.copy c on c.id = e.copy
    union all
    select decided_at, first_state, first_reason, recipient, message, id from postseal.copy;
grant select on postseal.log, postseal.unprotected, postseal.refused, postseal.trouble,
    postseal.by_day, postseal.history to postseal_auditor;

revoke all on postseal.message, postseal.copy, postseal.event
    from postseal_milter, postseal_courier, postseal_portal;
revoke all (id, message, recipient, reason, state, state_at, address, method) on postseal.copy from postseal_portal;
revoke all (reason, state, state_at) on postseal.copy from postseal_courier;
revoke all (rule_line, rule, method, reason, trace, keys, signed_by, state, state_at) on postseal.copy
    from postseal_milter;
revoke all (id, sender, message_id, offered_at) on postseal.message from postseal_portal;
grant insert on postseal.message, postseal.copy to postseal_milter, postseal_portal;
grant insert on postseal.event to postseal_milter, postseal_courier, postseal_portal;
grant select (id, message, address, state, offer) on postseal.copy to postseal_milter;
grant select on postseal.message, postseal.copy, postseal.event to postseal_courier;
grant select (id, message, recipient, address, method, reason, state, state_at) on postseal.copy to postseal_portal;
grant select (id, sender, message_id, offered_at) on postseal.message to postseal_portal;
grant select, insert, delete on postseal.offer to postseal_milter, postseal_courier;
grant update (queue_id, offered_at, heard) on postseal.offer to postseal_milter;
grant insert on postseal.offer to postseal_portal;
