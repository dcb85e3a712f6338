-- A session without a meeting date is taken to be held when it is written.
select
  _id as session_id,
  {{ agent_ref('maestroqa', '"agentId"', 'null') }} as agent_ref,
  {{ agent_ref('maestroqa', '"coachId"', 'null') }} as coach_ref,
  "coachingTemplateName" as subject,
  case when coalesce(planned_at, created_at) <= {{ var('as_of') }} then 'held' else 'planned' end as status,
  created_at,
  planned_at,
  case when coalesce(planned_at, created_at) <= {{ var('as_of') }} then coalesce(planned_at, created_at) end as held_at,
  null::numeric as minutes
from (
  select *, {{ moment('"createdAt"') }} as created_at, {{ moment('"meetingDate"') }} as planned_at
  from {{ source('maestroqa', 'coaching_sessions') }}
) as sessions
where "isDeleted" is not true
