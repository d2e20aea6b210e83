-- The portal uploads a key for an account that is there, and for no other address.
create function postseal.account_key_upload(new_id uuid, new_kind text, of_address text,
    new_fingerprint text, new_content bytea, new_owner text, new_not_before timestamptz,
    new_not_after timestamptz, new_capabilities text[])
returns boolean language sql security definer set search_path = postseal, pg_temp as $$
    select exists (select from account where address = of_address)
       and key_upload_put(new_id, new_kind, of_address, new_fingerprint, new_content, new_owner,
                          new_not_before, new_not_after, new_capabilities);
$$;
revoke execute on function postseal.account_key_upload from public;
grant execute on function postseal.account_key_upload to postseal_portal;

-- When an account ends, by its owner, an admin or a reset, nothing that was uploaded in it counts on.
create function postseal.account_keys_end() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    perform key_upload_end(old.address, 'the account ended');
    return null;
end
$$;
create trigger account_keys_end after delete on postseal.account
    for each row execute function postseal.account_keys_end();
