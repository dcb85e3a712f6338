-- A column may be missing at a company: asked of the row as an object, it is null then.
with answers as (select to_jsonb(row_of) as answer from ({{ current_report('response') }}) as row_of)
, named as (
  select
    answer ->> '_row_key' as interaction_id,
    answer ->> 'response_provider' as channel,
    answer ->> 'responding_agent_display_id' as agent_id,
    answer ->> 'responding_agent_email' as email,
    answer ->> 'response_published_date' as published,
    answer ->> 'handle_time_total_response' as handle_time
  from answers
)
select
  interaction_id,
  'response' as kind,
  lower(channel) as channel,
  {{ agent_ref('caranalytics', 'agent_id', 'email') }} as agent_ref,
  null::text as ticket,
  {{ care_moment('published') }} as started_at,
  {{ number('handle_time') }} * {{ var('care_duration_seconds') }} as handle_seconds,
  null::numeric as stars,
  null::numeric as recommendation,
  null::boolean as is_resolved
from named
