-- An item has no id, and stands in the session it was made in and in the one it was completed in: it is known by its
-- owner, text and time, and by its place among items that are equal in all three.
with items as (
  select uuid, sessions.created_at as session_created_at, 'made' as list, item, employee
  from {{ source('agentconnect', 'coaching_sessions') }} as sessions, unnest(created_action_items) as item
  where archived is not true
  union all
  select uuid, sessions.created_at, 'completed', item, employee
  from {{ source('agentconnect', 'coaching_sessions') }} as sessions, unnest(completed_action_items) as item
  where archived is not true
), owned as (
  select
    *,
    case when coalesce(item #>> '{owner,custom_id}', item #>> '{owner,email}') is null then employee else item -> 'owner' end
      as owner
  from items
), named as (
  select
    uuid as session_id, session_created_at, list,
    {{ agent_ref('agentconnect', "owner ->> 'custom_id'", "owner ->> 'email'") }} as agent_ref,
    item ->> 'text' as title,
    item ->> 'created_at' as created,
    item ->> 'due_date' as due,
    item ->> 'completed_at' as completed,
    item ->> 'status' as status
  from owned
), numbered as (
  select *, row_number() over (partition by session_id, list, agent_ref, title, created order by completed, due) as place
  from named
)
select distinct on (agent_ref, title, created, place)
  md5(concat_ws('|', agent_ref, title, created, place)) as action_id,
  first_value(session_id) over (
    partition by agent_ref, title, created, place order by list = 'made' desc, session_created_at, session_id
  ) as session_id,
  agent_ref,
  title,
  case when completed is not null or status = 'completed' then 'completed' else 'open' end as status,
  {{ written_moment('created') }} as created_at,
  {{ written_moment('due') }} as due_at,
  {{ written_moment('completed') }} as completed_at
from numbered
order by agent_ref, title, created, place, completed, status = 'completed' desc, session_created_at, session_id
