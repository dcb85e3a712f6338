select
  uuid as interaction_id,
  case when is_recovery then 'recovery' else 'contact' end as kind,
  lower(channel) as channel,
  {{ agent_ref('agentconnect', "employee ->> 'custom_id'", "employee ->> 'email'") }} as agent_ref,
  ext_interaction_id as ticket,
  {{ moment('request_created_at') }} as started_at,
  null::numeric as handle_seconds,
  answered.stars,
  answered.recommendation,
  answered.is_resolved
from {{ source('agentconnect', 'feedbacks') }}
left join lateral (
  select
    max((answer #>> '{selected_options,0,integer_value}')::numeric)
      filter (where answer ->> 'question_key' = 'agent_star_rating') as stars,
    max((answer #>> '{selected_options,0,integer_value}')::numeric)
      filter (where answer ->> 'question_key' = 'nps') as recommendation,
    bool_or(case lower(answer #>> '{selected_options,0,option_text}') when 'yes' then true when 'no' then false end)
      filter (where answer ->> 'question_key' = 'fcr') as is_resolved
  from unnest(answers) as answer
) as answered on true
