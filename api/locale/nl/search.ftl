## Zoeken

search-query = Zoekvraag
search-placeholder = bijv. source.ip:10.1.0.0/16 AND NOT user.name:root
search-range = Periode
search-from = Van
search-to = Tot
search-go = Zoeken
search-wrong = Zoekvraag, teken { $position }:
search-not-searched = Niet doorzocht:
search-found = { $n ->
    [one] 1 gebeurtenis
   *[other] { $shown } gebeurtenissen
}
search-per = per balk { $span }
search-histogram = Gebeurtenissen in de tijd
search-counts = Waarden van een veld
search-field = Veld
search-value = Waarde
search-events = Gebeurtenissen
search-without = zonder
search-distinct = { $n } verschillende waarden in { $events } gebeurtenissen
search-no-values = Geen enkele gebeurtenis heeft dit veld.
search-results = Resultaten
search-nothing = Geen gebeurtenissen gevonden. Maak de periode langer of de zoekvraag ruimer.
range-15m = laatste 15 minuten
range-1h = laatste uur
range-24h = laatste 24 uur
range-7d = laatste 7 dagen
range-30d = laatste 30 dagen
range-365d = laatste 365 dagen
range-custom = van … tot …
event-one = Gebeurtenis { $id }
event-received = Ontvangen
event-status = Verwerking
