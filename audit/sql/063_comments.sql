-- For whoever reads the record: what each column of its views says.
comment on view postseal.log is 'a row for each decision: one recipient at one offer of a message';
comment on column postseal.log.offered_at is 'when the MTA offered the message first';
comment on column postseal.log.queue_id is 'by which the MTA''s log names the message';
comment on column postseal.log.sender is 'of the envelope';
comment on column postseal.log.authenticated is 'who had signed in at the MTA; null: nobody';
comment on column postseal.log.recipient is 'of the envelope, as it was written';
comment on column postseal.log.method is 'smime, pgp, tls, pickup or plain; null: refused';
comment on column postseal.log.state is 'what has become of this copy; postseal(8) lists the states';
comment on column postseal.log.state_at is 'since when it is in that state';
comment on column postseal.log.reason is 'why this method, or why the copy went no further';
comment on column postseal.log.rule_line is 'of the rule that decided, in the configuration file';
comment on column postseal.log.rule is 'the rule that decided, as it was written';
comment on column postseal.log.keys is 'fingerprints of the keys that the copy was encrypted to';
comment on column postseal.log.signed_by is 'fingerprint of the key that signed it; null: not signed';
comment on column postseal.log.message_id is 'the field Message-ID of the message';
comment on column postseal.log.size is 'of the message, in bytes';
comment on column postseal.log.policy is 'digest of the policy that decided; see policies';
comment on column postseal.log.message is 'identifier of the message';
comment on column postseal.log.copy is 'identifier of this copy';
comment on column postseal.log.trace is 'each rule and method that was asked, and its answer';
comment on column postseal.log.offer is 'which offer of the message this is, from 1';
comment on column postseal.log.decided_at is 'when this was decided';
comment on column postseal.log.state_detail is 'of the last step: next hop, TLS and answer, or who did it';

comment on view postseal.history is 'each step of each copy, and what else happened to a message';
comment on column postseal.history.at is 'when it happened';
comment on column postseal.history.what is 'a state that the copy came into, or what else happened';
comment on column postseal.history.detail is 'why, from where, or what the next hop answered';
comment on column postseal.history.recipient is 'whose copy; null: it concerns the message as a whole';
comment on column postseal.history.message is 'identifier of the message';
comment on column postseal.history.copy is 'identifier of the copy';

comment on view postseal.by_day is 'copies by day, method and state';
comment on column postseal.by_day.day is 'begin of the day, in the session''s time zone';
comment on column postseal.by_day.method is 'of delivery, or refused';
comment on column postseal.by_day.state is 'what has become of them';
comment on column postseal.by_day.copies is 'how many';

comment on view postseal.by_month is 'copies by month, method, rule and state';
comment on column postseal.by_month.month is 'begin of the month, in the session''s time zone';
comment on column postseal.by_month.method is 'of delivery, or refused';
comment on column postseal.by_month.rule is 'the rule that decided';
comment on column postseal.by_month.state is 'what has become of them';
comment on column postseal.by_month.copies is 'how many copies';
comment on column postseal.by_month.messages is 'of how many messages';

comment on view postseal.policies is 'which policy was in force when, for which program, on which machine';
comment on column postseal.policies.since is 'when it came into force';
comment on column postseal.policies.until is 'when another one did; null: it is in force';
comment on column postseal.policies.program is 'for which program';
comment on column postseal.policies.node is 'on which machine';
comment on column postseal.policies.digest is 'by which decisions name it';
comment on column postseal.policies.content is 'its text, without passwords and comments';

comment on table postseal.activity is 'what people did to keys, trust, accounts and waiting messages';
comment on column postseal.activity.id is 'in the order in which they were put down';
comment on column postseal.activity.at is 'when';
comment on column postseal.activity.actor is 'system user, or address of an account, or somebody';
comment on column postseal.activity.login is 'the database role that it came by';
comment on column postseal.activity.network is 'of the browser; null: it was no browser';
comment on column postseal.activity.what is 'what was done or tried';
comment on column postseal.activity.subject is 'address or fingerprint that it concerns';
comment on column postseal.activity.detail is 'what else is known of it';

-- Parts of the log have its columns, and its comments.
do $$
declare
    part text;
    which record;
begin
    foreach part in array array['unprotected', 'refused', 'trouble'] loop
        for which in select attname, col_description(attrelid, attnum) as said from pg_attribute
                     where attrelid = 'postseal.log'::regclass and attnum > 0
        loop
            execute format('comment on column postseal.%I.%I is %L', part, which.attname, which.said);
        end loop;
    end loop;
end
$$;
comment on view postseal.unprotected is 'what of the log was delivered in plain';
comment on view postseal.refused is 'what of the log was refused';
comment on view postseal.trouble is 'what of the log failed, is locked or has expired';
