-- A wrapped private key begins with the mark of the master key that wraps it (core/seal/marked.h); zeros: unknown.
update postseal.private_key set sealed = '\x00000000'::bytea || sealed;
update postseal.retired_key set sealed = '\x00000000'::bytea || sealed;

create trigger private_key_closed before insert or update of sealed on postseal.private_key for each row
    when (postseal.secret_is_closed('master', new.sealed)) execute function postseal.secret_refuse();
create trigger retired_key_closed before insert or update of sealed on postseal.retired_key for each row
    when (postseal.secret_is_closed('master', new.sealed)) execute function postseal.secret_refuse();

create function postseal.private_keys_settle() returns void language plpgsql set search_path = postseal, pg_temp as $$
begin
    lock table private_key, retired_key in share mode;
end
$$;
