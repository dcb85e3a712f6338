{# Whether a row of a table that comes whole with every run came with the last one, and was not marked as deleted. #}
{% macro is_in_last_run(source) %}
(_sdc_deleted_at is null and _sdc_sync_started_at = (select max(_sdc_sync_started_at) from {{ source }}))
{% endmacro %}

{# A Care Analytics report as it is now: each window as it was last read whole, nothing of one that never was. #}
{% macro current_report(report) %}
select row_of.*
from {{ source('caranalytics', report) }} as row_of
join {{ source('caranalytics', 'windows') }} as read_whole
  on read_whole.report = '{{ report }}'
  and read_whole._window_start = row_of._window_start
  and read_whole._extracted_at <= row_of._extracted_at
{% endmacro %}
