-- Whatever a legal matter concerns is kept, regardless of its age: everything of a person, or one message. A hold is
-- stated, and later released; neither statement is ever changed.
create table postseal.legal_hold (
    id bigint generated always as identity primary key,
    name text not null check (name <> ''), -- of the matter
    person text[],                         -- an address, canonical, and as people write it
    message uuid,
    reason text,
    made_at timestamptz not null default clock_timestamp(),
    made_by text not null,
    check (num_nonnulls(person, message) = 1)
);
create table postseal.legal_hold_end (
    hold bigint primary key references postseal.legal_hold,
    at timestamptz not null default clock_timestamp(),
    ended_by text not null,
    reason text
);
create view postseal.holds as
    select h.name, h.person[1] as person, h.message, h.reason, h.made_at, h.made_by, e.at as released_at,
           e.ended_by as released_by, e.reason as released_because
    from postseal.legal_hold h left join postseal.legal_hold_end e on e.hold = h.id;
grant select on postseal.holds to postseal_auditor;

-- However it is stated, it is on record who did so.
create function postseal.legal_hold_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
declare
    stated legal_hold;
begin
    if tg_op in ('UPDATE', 'DELETE') then
        raise exception 'a hold is never changed, only released';
    end if;
    if tg_table_name = 'legal_hold' then
        stated := new;
    else
        select * into stated from legal_hold where id = new.hold;
    end if;
    perform activity_add(null, null, case tg_table_name when 'legal_hold' then 'hold added' else 'hold released' end, stated.name,
                         concat_ws(': ', coalesce(stated.person[1], 'message ' || stated.message), new.reason));
    return null;
end
$$;
create trigger legal_hold_activity after insert or update or delete on postseal.legal_hold
    for each row execute function postseal.legal_hold_activity();
create trigger legal_hold_activity after insert or update or delete on postseal.legal_hold_end
    for each row execute function postseal.legal_hold_activity();

-- False: the matter already holds it; null: there is no such message. Anything that deletes has locked legal_hold in
-- share mode, so it cannot have missed a hold that was stated.
create function postseal.hold_add(new_name text, new_person text[], new_message uuid, new_reason text) returns boolean
language plpgsql set search_path = postseal, pg_temp as $$
begin
    lock table legal_hold in share row exclusive mode;
    if new_message is not null and not exists (select from message where id = new_message) then
        return null;
    end if;
    if exists (select from legal_hold h where h.name = new_name and h.person is not distinct from new_person
               and h.message is not distinct from new_message
               and not exists (select from legal_hold_end e where e.hold = h.id)) then
        return false;
    end if;
    insert into legal_hold (name, person, message, reason, made_by)
    values (new_name, new_person, new_message, new_reason,
            coalesce(nullif(current_setting('postseal.actor', true), ''), session_user));
    return true;
end
$$;
-- How many statements of the matter ended; null: there were none.
create function postseal.hold_release(old_name text, because text) returns bigint
language plpgsql set search_path = postseal, pg_temp as $$
declare
    ended bigint;
begin
    lock table legal_hold in share row exclusive mode;
    insert into legal_hold_end (hold, ended_by, reason)
        select h.id, coalesce(nullif(current_setting('postseal.actor', true), ''), session_user), because
        from legal_hold h
        where h.name = old_name and not exists (select from legal_hold_end e where e.hold = h.id);
    get diagnostics ended = row_count;
    return case when ended > 0 or exists (select from legal_hold h where h.name = old_name) then ended end;
end
$$;
revoke execute on function postseal.hold_add, postseal.hold_release from public;

-- Is it sent by, under the login of, or to someone on hold, or on hold itself? Senders are recorded as they were
-- written, recipients in their canonical form.
create function postseal.message_is_held(which uuid) returns boolean
language sql stable security definer set search_path = postseal, pg_temp as $$
    select exists (
        select from legal_hold h
        where not exists (select from legal_hold_end e where e.hold = h.id)
          and (h.message = which
               or exists (select from message m where m.id = which
                          and (lower(m.sender) = any(h.person) or lower(m.authenticated) = any(h.person)))
               or exists (select from copy c where c.message = which and c.address = any(h.person))));
$$;
create function postseal.is_held(subject text) returns boolean
language sql stable security definer set search_path = postseal, pg_temp as $$
    select exists (
        select from legal_hold h
        where not exists (select from legal_hold_end e where e.hold = h.id)
          and (subject = h.name or subject = any(h.person) or subject = h.message::text));
$$;
revoke execute on function postseal.message_is_held, postseal.is_held from public;

comment on view postseal.holds is 'what is kept whatever its time, for which matter, and until when it was';
comment on column postseal.holds.name is 'of the matter';
comment on column postseal.holds.person is 'whose messages, sent and received; null: it is one message';
comment on column postseal.holds.message is 'identifier of the message; null: it is a person';
comment on column postseal.holds.reason is 'as whoever stated it gave it';
comment on column postseal.holds.made_at is 'since when';
comment on column postseal.holds.made_by is 'system user who stated it';
comment on column postseal.holds.released_at is 'until when; null: it still holds';
comment on column postseal.holds.released_by is 'system user who released it';
comment on column postseal.holds.released_because is 'as whoever released it gave it';
