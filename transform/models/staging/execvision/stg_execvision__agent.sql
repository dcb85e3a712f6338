with listed as (
  select *, {{ is_in_last_run(source('execvision', 'users')) }} as is_listed from {{ source('execvision', 'users') }}
), people as (
  select
    listed."userId" as agent_id, listed.email, concat_ws(' ', listed."firstName", listed."lastName") as agent_name,
    system_id as shared_id, teams.name as team, listed.is_listed, listed._sdc_extracted_at as seen_at
  from listed
  left join unnest(listed."systemIds") as system_id on true
  left join {{ source('execvision', 'teams') }} as teams on teams.id = listed."teamId"
  union all
  select "callerId", "callerEmail", null, null, null, null, _sdc_extracted_at from {{ source('execvision', 'calls') }}
  union all
  select null, caller, null, null, "callerTeam", null, _sdc_extracted_at from {{ source('execvision', 'scores') }}
  union all
  select null, reviewer, null, null, "reviewerTeam", null, _sdc_extracted_at from {{ source('execvision', 'scores') }}
  union all
  select "recipientId", null, null, null, null, null, _sdc_extracted_at from {{ source('execvision', 'meetings') }}
  union all
  select "coachId", null, null, null, null, null, _sdc_extracted_at from {{ source('execvision', 'meetings') }}
)
select
  {{ agent_ref('execvision', 'agent_id', 'email') }} as agent_ref,
  {{ identifier('agent_id') }} as agent_id,
  {{ email('email') }} as agent_email,
  nullif(agent_name, '') as agent_name,
  {{ identifier('shared_id') }} as shared_id,
  team,
  bool_or(is_listed) as is_listed,
  max({{ moment('seen_at') }}) as seen_at
from people
group by agent_id, email, agent_name, shared_id, team
