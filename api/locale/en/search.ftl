## Search

search-query = Query
search-placeholder = e.g. source.ip:10.1.0.0/16 AND NOT user.name:root
search-range = Time range
search-from = From
search-to = To
search-go = Search
search-wrong = Query, character { $position }:
search-not-searched = Not searched:
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
search-without = without
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
