-- A link in a mail to a sender, with which the sender revokes trust in one recipient, once. The database has only a digest
-- of its secret: nobody who reads it can make such a link. What was done with it is on record as a doubt.
create table postseal.trust_link (
    digest bytea primary key,
    message uuid not null,                -- that the mail was about
    sender text not null,                 -- folded
    recipient text not null,              -- folded
    expires_at timestamptz not null,
    used_at timestamptz
);
create index trust_link_expires on postseal.trust_link (expires_at);

-- Revokes trust if the link works and was not used before; returns whether it did.
create function postseal.trust_link_use(of_digest bytea, why text) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    used trust_link;
begin
    update trust_link set used_at = now() where digest = of_digest and used_at is null and expires_at > now() returning * into used;
    if not found then
        return false;
    end if;
    perform trust_doubt(used.sender, used.recipient, why);
    insert into event (message, copy, what, detail)
        select used.message, c.id, 'trust revoked', used.sender from copy c
        where c.message = used.message and c.address = used.recipient order by c.id limit 1;
    return true;
end
$$;
revoke execute on function postseal.trust_link_use from public;
grant execute on function postseal.trust_link_use to postseal_portal;
grant select on postseal.trust_link to postseal_portal;
grant select, insert, delete on postseal.trust_link to postseal_courier;

-- Senders are told that a code of theirs was used, and that they trust somebody from now on.
alter table postseal.receipt drop constraint receipt_what_check;
alter table postseal.receipt add constraint receipt_what_check
    check (what in ('relayed', 'opened', 'expired', 'locked', 'lost', 'deleted', 'deleted unopened', 'handed over',
                    'notice failed', 'code failed', 'trusted'));
