{# How a vendor refers to a person, by its own id or an e-mail address: what facts have, and agent_identity resolves. #}
{% macro agent_ref(vendor, id, address) %}
  {%- set known_id, known_email = identifier(id), email(address) -%}
(case when coalesce({{ known_id }}, {{ known_email }}) is not null then
  '{{ vendor }}:' || coalesce({{ known_id }}, '') || ':' || coalesce({{ known_email }}, '')
end)
{%- endmacro %}

{# The order in which what vendors tell of a person is believed; equal ones by name, so that each build is the same. #}
{% macro newest() %}is_listed is not true, seen_at desc, vendor, agent_ref, agent_name{% endmacro %}
