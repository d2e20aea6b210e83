-- Rules have names, so that a decision can still be told by its rule when lines have moved; and rules that only watch are
-- on record in the trace of each decision that they saw.
alter table postseal.copy add column rule_name text;
create or replace view postseal.log as
    select m.offered_at, m.queue_id, m.sender, m.authenticated, c.recipient, c.method, c.state,
           c.state_at, c.reason, c.rule_line, c.rule, c.keys, c.signed_by, m.message_id, m.size,
           c.policy, m.id as message, c.id as copy, c.trace, c.offer, c.decided_at, c.state_detail, c.rule_name
    from postseal.copy c join postseal.message m on m.id = c.message;
create or replace view postseal.by_month as
    select date_trunc('month', offered_at) as month, coalesce(method, 'refused') as method, rule, state, count(*) as copies,
           count(distinct message) as messages, rule_name
    from postseal.log group by 1, 2, 3, 4, 7;
create view postseal.watched as
    select l.offered_at, w.rule ->> 'name' as rule_name, (w.rule -> 'line')::integer as rule_line, w.rule ->> 'rule' as rule,
           w.rule ->> 'unanswered' as unanswered, l.sender, l.recipient, l.method, l.message, l.copy
    from postseal.log l cross join lateral jsonb_array_elements(l.trace -> 'rules') as w(rule)
    where (w.rule -> 'watched')::boolean and not w.rule ? 'because_not';
grant select on postseal.watched to postseal_auditor;
comment on column postseal.log.rule_name is 'the name of the rule that decided, if it has one';
comment on column postseal.by_month.rule_name is 'the name of the rule that decided, if it has one';
comment on view postseal.watched is 'a row for each copy that a rule with watch matched, or might have matched';
comment on column postseal.watched.offered_at is 'when the message was offered';
comment on column postseal.watched.rule_name is 'the name of the rule that watches, if it has one';
comment on column postseal.watched.rule_line is 'of the rule that watches, in the configuration file';
comment on column postseal.watched.rule is 'the rule that watches, as it was written';
comment on column postseal.watched.unanswered is 'why the rule could not be evaluated; null: it matched';
comment on column postseal.watched.sender is 'envelope sender';
comment on column postseal.watched.recipient is 'envelope recipient';
comment on column postseal.watched.method is 'how the copy was sent all the same; null: it was refused';
comment on column postseal.watched.message is 'the message';
comment on column postseal.watched.copy is 'the copy';
