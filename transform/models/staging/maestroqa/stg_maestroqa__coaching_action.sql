-- A to-do may stand in several sessions; the one that was made first has it.
select distinct on (todo ->> '_id')
  todo ->> '_id' as action_id,
  _id as session_id,
  {{ agent_ref('maestroqa', '"agentId"', 'null') }} as agent_ref,
  coalesce(todo ->> 'title', todo ->> 'actionString') as title,
  case when todo ->> 'completedAt' is null then 'open' else 'completed' end as status,
  {{ written_moment("todo ->> 'createdAt'") }} as created_at,
  null::timestamptz as due_at,
  {{ written_moment("todo ->> 'completedAt'") }} as completed_at
from {{ source('maestroqa', 'coaching_sessions') }}, unnest(todos) as todo
where "isDeleted" is not true and (todo ->> 'isDeleted')::boolean is not true and todo ->> '_id' is not null
order by todo ->> '_id', "createdAt", _id
