-- What a member wrote and sent when the session was over, until they sign in again: only their account opens it. Whoever
-- brings it is a stranger then, so there is room for little.
create table postseal.unsaved (
    account uuid not null references postseal.account on delete cascade,
    form uuid not null,
    boxed bytea not null check (length(boxed) <= 200),      -- a key, to the account's public key
    sealed bytea not null check (length(sealed) <= 4194304), -- what was written, by that key
    expires_at timestamptz not null default now() + interval '7 days',
    primary key (account, form)
);
create index unsaved_expires on postseal.unsaved (expires_at);

-- False: there is no room. What the same form brought earlier is replaced.
create function postseal.unsaved_put(of_account uuid, of_form uuid, key_boxed bytea, text_sealed bytea) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    perform from account where id = of_account for no key update;
    delete from unsaved where account = of_account and form = of_form;
    if not found and (select count(*) from unsaved where account = of_account) >= 10 then
        return false;
    end if;
    insert into unsaved (account, form, boxed, sealed) values (of_account, of_form, key_boxed, text_sealed);
    return true;
end
$$;
revoke execute on function postseal.unsaved_put from public;
grant execute on function postseal.unsaved_put to postseal_portal;

create function postseal.unsaved_drop(of_account uuid, of_form uuid) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    delete from unsaved where account = of_account and form = of_form
$$;
revoke execute on function postseal.unsaved_drop from public;
grant execute on function postseal.unsaved_drop to postseal_portal;

grant select on postseal.unsaved to postseal_portal;
grant select, delete on postseal.unsaved to postseal_courier;
