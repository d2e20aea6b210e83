-- Each step of a rotation is recorded, whoever takes it.
create function postseal.secret_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    if tg_op = 'INSERT' or new.state <> old.state then
        perform activity_add(null, null, 'key file: key ' || new.state, new.name, 'key ' || new.mark);
    end if;
    return null;
end
$$;
create trigger secret_activity after insert or update on postseal.secret
    for each row execute function postseal.secret_activity();

create function postseal.secret_holder_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    perform activity_add(null, null, 'key file: node forgotten', old.name, old.node || ', ' || old.program);
    return null;
end
$$;
create trigger secret_holder_activity after delete on postseal.secret_holder
    for each row execute function postseal.secret_holder_activity();
