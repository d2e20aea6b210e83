-- Several keys that were claimed for one address when a message was decided: told to admins once for each set of keys.
create table postseal.trust_conflict (
    address text not null,
    claims text not null,                 -- kind, keys and levels of trust, as the message's trace has them
    first_seen_at timestamptz not null default now(),
    message uuid not null,
    primary key (address, claims)
);
create function postseal.trust_conflict_note(of_address text, new_claims text, by_message uuid) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    insert into trust_conflict (address, claims, message) values (of_address, new_claims, by_message) on conflict do nothing;
    if found then
        perform activity_add(null, null, 'keys in conflict', of_address, new_claims);
    end if;
end
$$;
revoke execute on function postseal.trust_conflict_note from public;
grant execute on function postseal.trust_conflict_note to postseal_milter;
grant select on postseal.trust_conflict to postseal_auditor;
comment on table postseal.trust_conflict is 'addresses for which several keys were claimed when a message was decided';
comment on column postseal.trust_conflict.address is 'the recipient';
comment on column postseal.trust_conflict.claims is 'the keys, each with its level of trust';
comment on column postseal.trust_conflict.first_seen_at is 'when this was first seen';
comment on column postseal.trust_conflict.message is 'the message that was being decided';
