{# An identifier as text; null where a vendor writes nothing, or "null". #}
{% macro identifier(column) %}nullif(nullif(trim({{ column }}), ''), 'null'){% endmacro %}

{# An e-mail address as it is compared. #}
{% macro email(column) %}nullif(lower(trim({{ column }})), ''){% endmacro %}

{# A number from text; null if it is none. #}
{% macro number(text) %}(case when {{ text }} ~ '^-?\d+(\.\d+)?([eE][+-]?\d+)?$' then ({{ text }})::numeric end){% endmacro %}

{# An array within an object as rows; none where it is missing, null, or no array. #}
{% macro elements(array) %}jsonb_array_elements(case jsonb_typeof({{ array }}) when 'array' then {{ array }} else '[]' end){% endmacro %}
