select
  "meetingId"::text as session_id,
  {{ agent_ref('execvision', '"recipientId"', 'null') }} as agent_ref,
  {{ agent_ref('execvision', '"coachId"', 'null') }} as coach_ref,
  plans.name as subject,
  case
    when "startTime" is not null then 'held'
    when {{ moment('"dateTime"') }} < {{ var('as_of') }} then 'missed'
    else 'planned'
  end as status,
  null::timestamptz as created_at,
  {{ moment('"dateTime"') }} as planned_at,
  {{ moment('"startTime"') }} as held_at,
  extract(epoch from "endTime" - "startTime") / 60 as minutes
from (
  select "meetingId", "planId", "dateTime", "startTime", "endTime", "coachId", "recipientId"
  from {{ source('execvision', 'meetings') }}
) as meetings
left join (select "planId", name from {{ source('execvision', 'plans') }}) as plans using ("planId")
