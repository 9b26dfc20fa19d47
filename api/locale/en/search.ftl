## Search

search-query = Query
search-placeholder = e.g. source.ip:10.1.0.0/16 AND NOT user.name:root
search-range = Time range
search-from = From
search-to = To
search-go = Search
search-wrong = Query, character { $position }:
search-not-searched = { $n ->
    [one] One part of the index was not searched: it is damaged, or there was no time left. The administrator finds it in the log.
   *[other] { $n } parts of the index were not searched: they are damaged, or there was no time left. The administrator finds them in the log.
}
search-found = { $n ->
    [one] 1 event
   *[other] { $shown } events
}
search-per = { $span } a bar
search-histogram = Events over time
search-counts = Values of a field
search-field = Field
search-value = Value
search-events = Events
search-with = only with
search-without = without
search-this = search for
search-too-many-values = This field has too many different values to count. Narrow the search first.
search-distinct = { $n } different values in { $events } events
search-no-values = No event has this field.
search-results = Results
search-nothing = No events found. Take a longer time range or a wider query.
range-15m = last 15 minutes
range-1h = last hour
range-24h = last 24 hours
range-7d = last 7 days
range-30d = last 30 days
range-365d = last 365 days
range-custom = from … to …
event-one = Event { $id }
event-received = Received
event-status = Parsing
parse-parsed = whole
parse-partial = in part
parse-raw = kept raw
defect-bad_time = time not readable; time of receipt used
defect-not_utf8 = not all of it is text (UTF-8)
defect-truncated = cut at the size limit
defect-too_deep = nested too deep
defect-too_many_fields = too many fields
defect-too_many_names = too many field names
defect-malformed = breaks its format’s rules
defect-wrong_type = value does not fit its field
query-too-long = The query is too long. Search in two steps.
query-too-deep = Brackets and NOT are nested too deep.
query-too-many-terms = There are too many terms. Search in two steps.
query-open-quote = This quote is never closed. Add a ", or write \" for a quote that is part of the text.
query-open-bracket = This bracket is never closed. Add a ).
query-stray-bracket = This ) closes nothing. Remove it, or write \) for a bracket that is part of the text.
query-missing-term = A term is missing here. Put the words AND, OR and NOT in quotes to search for them as text.
query-missing-value = A value is missing after “{ $field }:”. Write { $field }:* for any value, { $field }:"" for an empty one.
query-bad-range = A range is written [low TO high], with * for an open end and {"{"} {"}"} for ends that do not count.
query-field-in-field = A field cannot stand inside the brackets of the field { $field }.
query-no-word = There is no letter or digit to look for. Search a field for punctuation, as in message:"*--*" without quotes.
query-bad-value = “{ $value }” is not { $wanted }, which { $field } needs.
query-wants-time = a date or time like 2026-11-22 or 2026-11-22T10:05:07Z
query-wants-number = a number
