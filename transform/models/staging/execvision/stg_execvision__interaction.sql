select
  calls.id as interaction_id,
  'call' as kind,
  'phone' as channel,
  {{ agent_ref('execvision', '"callerId"', '"callerEmail"') }} as agent_ref,
  null::text as ticket,
  {{ moment('"callTime"') }} as started_at,
  duration as handle_seconds,
  null::numeric as stars,
  null::numeric as recommendation,
  null::boolean as is_resolved
from (select id, "callerId", "callerEmail", "callTime", duration from {{ source('execvision', 'calls') }}) as calls
where not exists (select from {{ source('execvision', 'deleted_calls') }} as deleted where deleted.id = calls.id)
