-- A session is held when its coach shares it; before, it is a draft.
select
  uuid as session_id,
  {{ agent_ref('agentconnect', "employee ->> 'custom_id'", "employee ->> 'email'") }} as agent_ref,
  {{ agent_ref('agentconnect', "coach ->> 'custom_id'", "coach ->> 'email'") }} as coach_ref,
  title as subject,
  case when shared_at is null then 'draft' else 'held' end as status,
  {{ moment('created_at') }} as created_at,
  null::timestamptz as planned_at,
  {{ moment('shared_at') }} as held_at,
  null::numeric as minutes
from {{ source('agentconnect', 'coaching_sessions') }}
where archived is not true
