{{ config(indexes=[{'columns': ['agent_key'], 'unique': true}]) }}
-- The newest that any vendor tells: first what is in its list of people, then what is on other records.
with known as ({{ union_vendors('agent') }})
, told as (select agent_key, known.* from known join {{ ref('agent_identity') }} using (agent_ref))
, ranked as (
  select
    agent_key, vendor, is_listed,
    first_value(agent_name) over (partition by agent_key order by agent_name is null, {{ newest() }}) as agent_name,
    first_value(agent_email) over (partition by agent_key order by agent_email is null, {{ newest() }}) as agent_email,
    first_value(team) over (partition by agent_key order by team is null, {{ newest() }}) as team
  from told
)
select
  ranked.agent_key,
  min(agent_name) as agent_name,
  min(agent_email) as agent_email,
  min(team) as team,
  string_agg(distinct vendor, ', ' order by vendor) as vendors,
  count(distinct vendor)::int as vendor_count,
  (select count(distinct agent_email)::int from told where told.agent_key = ranked.agent_key) as email_count,
  bool_or(is_listed) as is_listed
from ranked
group by 1
