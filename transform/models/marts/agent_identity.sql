{{ config(indexes=[{'columns': ['agent_ref'], 'unique': true}]) }}
-- Who is who: what vendors call people, tied together. An e-mail address ties whatever has it. An id ties only where
-- the names have a word in common, or one has no name, as two vendors' numbers may be the same by accident. A name
-- alone ties nothing. An id in the seed agent_alias belongs to the e-mail address beside it, and to nobody else.
with recursive known as ({{ union_vendors('agent') }})
, refs as (
  select
    known.agent_ref, known.vendor, known.agent_id, known.agent_email,
    array_agg(distinct word) filter (where word is not null) as words,
    max(alias.agent_email) as alias_email
  from known
  left join regexp_split_to_table(lower(known.agent_name), '\s+') as word on true
  left join {{ ref('agent_alias') }} as alias on alias.vendor = known.vendor and alias.agent_id = known.agent_id
  where known.agent_ref is not null
  group by 1, 2, 3, 4
), claims as (
  select agent_ref, words, 'email' as kind, {{ email('coalesce(alias_email, agent_email)') }} as claim
  from refs
  where coalesce(alias_email, agent_email) is not null
  union
  select agent_ref, words, 'id', vendor || ':' || agent_id from refs where agent_id is not null and alias_email is null
  union
  select agent_ref, refs.words, 'id', ':' || shared_id
  from refs join known using (agent_ref)
  where known.shared_id is not null and alias_email is null
), ties as (
  select one.agent_ref, other.agent_ref as other_ref
  from claims as one
  join claims as other using (kind, claim)
  where one.agent_ref <> other.agent_ref
    and (kind = 'email' or one.words && other.words or one.words is null or other.words is null)
), reached as (
  select agent_ref, agent_ref as other_ref from refs
  union
  select reached.agent_ref, ties.other_ref from reached join ties on ties.agent_ref = reached.other_ref
), people as (
  select
    reached.agent_ref,
    min(coalesce({{ email('other.alias_email') }}, other.agent_email)) as email,
    min(other.agent_ref) as first_ref,
    count(*) as size
  from reached
  join refs as other on other.agent_ref = reached.other_ref
  group by 1
)
select
  refs.agent_ref,
  refs.vendor,
  refs.agent_id,
  refs.agent_email,
  md5(coalesce(people.email, people.first_ref)) as agent_key,
  case
    when refs.alias_email is not null then 'seed'
    when people.size = 1 then 'nothing'
    when refs.agent_email is not null then 'email'
    else 'id'
  end as tied_by
from refs
join people using (agent_ref)
