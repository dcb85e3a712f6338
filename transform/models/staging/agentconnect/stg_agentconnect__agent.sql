with listed as (
  select *, {{ is_in_last_run(source('agentconnect', 'employees')) }} as is_listed
  from {{ source('agentconnect', 'employees') }}
), mentioned as (
  select employee as person, _sdc_extracted_at from {{ source('agentconnect', 'feedbacks') }}
  union all
  select employee, _sdc_extracted_at from {{ source('agentconnect', 'qa_reviews') }}
  union all
  select reviewer, _sdc_extracted_at from {{ source('agentconnect', 'qa_reviews') }}
  union all
  select employee, _sdc_extracted_at from {{ source('agentconnect', 'coaching_sessions') }}
  union all
  select coach, _sdc_extracted_at from {{ source('agentconnect', 'coaching_sessions') }}
  union all
  select item -> 'owner', _sdc_extracted_at
  from {{ source('agentconnect', 'coaching_sessions') }}, unnest(created_action_items || completed_action_items) as item
), people as (
  select
    custom_employee_id as agent_id, email, concat_ws(' ', first_name, last_name) as agent_name, groups[1] as team,
    is_listed, _sdc_extracted_at as seen_at
  from listed
  union all
  select
    person ->> 'custom_id', person ->> 'email', concat_ws(' ', person ->> 'first_name', person ->> 'last_name'), null,
    null, max(_sdc_extracted_at)
  from mentioned
  group by 1, 2, 3
)
select
  {{ agent_ref('agentconnect', 'agent_id', 'email') }} as agent_ref,
  {{ identifier('agent_id') }} as agent_id,
  {{ email('email') }} as agent_email,
  nullif(agent_name, '') as agent_name,
  {{ identifier('agent_id') }} as shared_id,
  team,
  bool_or(is_listed) as is_listed,
  max({{ moment('seen_at') }}) as seen_at
from people
group by agent_id, email, agent_name, team
