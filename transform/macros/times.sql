{# A moment from a column at a table's root: the target writes UTC, and leaves the zone out. #}
{% macro moment(column) %}({{ column }} at time zone 'UTC'){% endmacro %}

{# A moment from text within an array or object, where the zone is written: 2026-01-31T12:00:00.000000Z. #}
{% macro written_moment(text) %}(({{ text }})::timestamptz){% endmacro %}

{# A moment from a Care Analytics report: 01/31/2026 12:00:00, ISO 8601, or milliseconds; null if it is none of these. #}
{# Never to_timestamp(): it reads in the zone of the session. #}
{% macro care_moment(text) %}
(case
  when {{ text }} ~ '^\d\d/\d\d/\d{4} \d\d:\d\d:\d\d$' then
    regexp_replace({{ text }}, '^(\d\d)/(\d\d)/(\d{4})', '\3-\1-\2')::timestamp at time zone '{{ var("care_time_zone") }}'
  when {{ text }} ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?$' then
    ({{ text }})::timestamp at time zone '{{ var("care_time_zone") }}'
  when {{ text }} ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$' then ({{ text }})::timestamptz
  when {{ text }} ~ '^\d{12,13}$' then timestamptz '1970-01-01 00:00:00Z' + ({{ text }})::numeric * interval '1 millisecond'
end)
{% endmacro %}

{# The Monday of a moment's week. #}
{% macro week_of(moment) %}(date_trunc('week', {{ moment }} at time zone '{{ var("time_zone") }}')::date){% endmacro %}
